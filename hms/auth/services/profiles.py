"""What people say about themselves."""

import hashlib
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from hms import audit, mailer, throttle
from hms.auth.models import Doctor, DoctorPhoto, Patient, User
from hms.auth.people import clean_name
from hms.auth.photos import portrait
from hms.auth.services import changes
from hms.auth.services.accounts import get_specialty
from hms.db import transaction
from hms.errors import Invalid
from hms.throttle import rules


class PhotoNeedsVerifiedEmail(Invalid):
    """The account's address is not proved."""

    code = "photo-needs-verified-email"
    message = "You can add a photo once you've confirmed your email. Leave the photo out for now."


def update_patient(
    patient: Patient,
    *,
    full_name: str,
    phone: str,
    date_of_birth: date | None,
    address: str,
    emergency_contact_name: str,
    emergency_contact_phone: str,
    wants_reminders: bool,
) -> Patient:
    """Store a patient's details. Raises :class:`hms.auth.people.BadName`."""
    full_name = clean_name(full_name)
    with transaction() as session:
        _lock_account(session, patient.user_id)
        patient = session.get_one(Patient, patient.id, with_for_update=True, populate_existing=True)
        patient.user.full_name = full_name
        patient.phone = phone
        patient.date_of_birth = date_of_birth
        patient.address = address
        patient.emergency_contact_name = emergency_contact_name
        patient.emergency_contact_phone = emergency_contact_phone
        patient.wants_reminders = wants_reminders
        audit.record("profile-changed", subject=("patient", patient.id), patient_id=patient.id)
    return patient


def update_doctor(
    doctor: Doctor,
    *,
    full_name: str,
    specialty: str,
    bio: str,
    years_of_experience: int,
    phone: str,
    room: str,
    languages: str,
    visit_minutes: int,
    fee_minor: int | None,
    photo: bytes | None = None,
    remove_photo: bool = False,
) -> Doctor:
    """Store a doctor's details; ``photo`` is a file as it was sent, None keeps the one there is.

    Another name or specialty of an approved doctor waits for an administrator (:mod:`hms.auth.services.changes`).

    Raises :class:`hms.auth.people.BadName`, :class:`UnknownSpecialty`, :class:`hms.auth.photos.NotAPhoto`,
    :class:`PhotoNeedsVerifiedEmail`.
    """
    full_name = clean_name(full_name)
    jpeg = None if photo is None else _portrait(doctor, photo)
    with transaction() as session:
        _lock_account(session, doctor.user_id)
        doctor = session.get_one(Doctor, doctor.id, with_for_update={"of": Doctor}, populate_existing=True)
        changes.ask_for(session, doctor, full_name=full_name, specialty=get_specialty(specialty))
        doctor.bio = bio
        doctor.years_of_experience = years_of_experience
        doctor.phone = phone
        doctor.room = room
        doctor.languages = languages
        doctor.visit_minutes = visit_minutes
        doctor.fee_minor = fee_minor
        if jpeg:
            _store_photo(session, doctor, jpeg)
        elif remove_photo:
            _remove_photo(session, doctor)
        audit.record("profile-changed", subject=("doctor", doctor.id))
    return doctor


def _lock_account(session: Session, user_id: UUID) -> None:
    """The account comes before the person behind it, as everywhere: who locks them in turns never deadlocks."""
    session.get_one(User, user_id, with_for_update=True, populate_existing=True)


def may_have_photo(doctor: Doctor) -> bool:
    """Whether this doctor may send a photo: files are opened for people whose address is proved.

    Where mail is off nobody can prove one, so that an administrator's approval stands in.
    """
    return doctor.user.email_verified_at is not None or (doctor.is_approved and not mailer.is_on())


def _portrait(doctor: Doctor, photo: bytes) -> bytes:
    if not may_have_photo(doctor):
        raise PhotoNeedsVerifiedEmail(field="photo")
    throttle.count(rules.UPLOAD, account=doctor.user_id, what="You have sent many photos.")
    return portrait(photo)


def _store_photo(session: Session, doctor: Doctor, jpeg: bytes) -> None:
    session.merge(DoctorPhoto(doctor_id=doctor.id, jpeg=jpeg))
    doctor.photo_version = hashlib.sha256(jpeg).hexdigest()[:16]


def _remove_photo(session: Session, doctor: Doctor) -> None:
    photo = session.get(DoctorPhoto, doctor.id)
    if photo:
        session.delete(photo)
    doctor.photo_version = None
