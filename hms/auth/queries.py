"""Reading accounts. ``get_`` raises :class:`hms.errors.NotFound`, ``find_`` answers None, ``list_`` answers a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from flask_login import UserMixin
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.orm import joinedload

from hms import audit, clock
from hms.auth.models import (
    Doctor,
    DoctorChange,
    DoctorPhoto,
    EmailCode,
    KnownDevice,
    Patient,
    PatientKey,
    Role,
    SealedDraft,
    SignIn,
    Specialty,
    User,
)
from hms.auth.people import BadEmail, normal_email
from hms.auth.session_limits import MOST_SIGN_INS, IdleSince, idle_since
from hms.db import db
from hms.errors import NotFound
from hms.prepared import Prepared
from hms.text import fold


def find_user_by_email(email: str) -> User | None:
    """The account with this address, whatever its capitals and however it was written, as it stands now; nobody has
    what is no address."""
    try:
        email = normal_email(email)
    except BadEmail:
        return None
    found = select(User).where(func.lower(User.email) == email)
    return db.session.scalar(found.execution_options(populate_existing=True))


def get_user(user_id: UUID) -> User:
    """The account with this id."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def get_patient_for_staff(patient_id: UUID) -> Patient:
    """Any patient with the account, for staff: the look is noted in the audit log."""
    own = select(Patient).options(joinedload(Patient.user)).where(Patient.id == patient_id)
    patient = db.session.scalar(own.execution_options(populate_existing=True))
    if patient is None:
        raise NotFound("We couldn’t find this patient.")
    audit.viewed(patient.id, ("patient", patient.id))
    return patient


def get_patient(patient_id: UUID) -> Patient:
    """The patient with this id, with the account."""
    patient = db.session.get(Patient, patient_id, options=[joinedload(Patient.user)])
    if patient is None:
        raise NotFound
    return patient


def find_user(user_id: UUID) -> User | None:
    """The account with this id, as it stands now."""
    return db.session.get(User, user_id, populate_existing=True)


def find_address(owner_id: UUID) -> str | None:
    """The address that mail to this user, or with this code, goes to now."""
    owner = db.session.get(User, owner_id) or db.session.get(EmailCode, owner_id)
    return owner.email if owner else None


def find_live_code(browser_hash: bytes) -> EmailCode | None:
    """The request for a code that stands in this browser, entered or not; it may be too old."""
    live = select(EmailCode).where(EmailCode.browser_hash == browser_hash, EmailCode.ended_at.is_(None))
    return db.session.scalar(live.execution_options(populate_existing=True))


def get_code(request_id: UUID) -> EmailCode:
    """The request for a code with this id, as it stands now."""
    request = db.session.get(EmailCode, request_id, populate_existing=True)
    if request is None:
        raise NotFound
    return request


def list_users(*, role: str | None = None, limit: int, offset: int = 0) -> Sequence[User]:
    """Accounts, or those of one role, by email, with the people behind them."""
    people = select(User).options(joinedload(User.patient), joinedload(User.doctor)).where(*_of_role(role))
    some = people.order_by(func.lower(User.email), User.id).limit(limit).offset(offset)
    return db.session.scalars(some).unique().all()


def count_users(*, role: str | None = None) -> int:
    """How many accounts there are, or how many of one role."""
    return db.session.scalar(select(func.count()).select_from(User).where(*_of_role(role))) or 0


def _of_role(role: str | None) -> list[ColumnElement[bool]]:
    return [User.role == role] if role else []


def list_specialties() -> Sequence[Specialty]:
    """All specialties, by name."""
    return sorted(db.session.scalars(select(Specialty)), key=lambda specialty: fold(specialty.name))


def find_specialty(slug: str) -> Specialty | None:
    """The specialty with this slug."""
    return db.session.scalar(select(Specialty).where(Specialty.slug == slug))


def find_waiting_change(doctor_id: UUID) -> DoctorChange | None:
    """What the doctor has asked for and nobody has looked at, as it stands now."""
    waiting = select(DoctorChange).where(DoctorChange.doctor_id == doctor_id, DoctorChange.decided_at.is_(None))
    return db.session.scalar(waiting.execution_options(populate_existing=True))


def get_change(change_id: UUID) -> DoctorChange:
    """What a doctor has asked for, decided or not."""
    change = db.session.get(DoctorChange, change_id)
    if change is None:
        raise NotFound
    return change


def list_waiting_changes(*, limit: int) -> Sequence[DoctorChange]:
    """The first ``limit`` changes that wait, the oldest first, with their doctors."""
    doctors = joinedload(DoctorChange.doctor).joinedload(Doctor.user)
    waiting = select(DoctorChange).where(DoctorChange.decided_at.is_(None)).options(doctors)
    return db.session.scalars(waiting.order_by(DoctorChange.asked_at, DoctorChange.id).limit(limit)).all()


def count_waiting_changes() -> int:
    """How many changes wait."""
    return (
        db.session.scalar(select(func.count()).select_from(DoctorChange).where(DoctorChange.decided_at.is_(None))) or 0
    )


def count_doctors_to_approve() -> int:
    """How many doctors wait for somebody to check their licence."""
    waiting = select(func.count()).select_from(Doctor).join(Doctor.user).where(Doctor.is_waiting)
    return db.session.scalar(waiting) or 0


def find_photo(doctor_id: UUID) -> DoctorPhoto | None:
    """A doctor's photo."""
    return db.session.get(DoctorPhoto, doctor_id)


def find_draft(id_hash: bytes) -> bytes | None:
    """The sealed draft with this id, unless its hour is over."""
    is_this = (SealedDraft.id_hash == id_hash) & (SealedDraft.expires_at > clock.now())
    return db.session.scalar(select(SealedDraft.sealed).where(is_this))


@dataclass(frozen=True)
class Account(UserMixin):
    """Who is signed in, as plain values: every request reads them, and objects would take it longer than all the rest.

    Who changes an account reads the :class:`User` first.
    """

    id: UUID
    email: str
    full_name: str
    role: str
    email_verified_at: datetime | None
    patient_id: UUID | None

    @property
    def patient(self) -> PatientKey | None:
        """The patient behind the account."""
        return PatientKey(self.patient_id, self.id) if self.patient_id else None

    @cached_property
    def doctor(self) -> Doctor | None:
        """The doctor behind the account; asked for when first wanted, and only of a doctor's account."""
        if self.role != Role.DOCTOR:
            return None
        return db.session.scalar(select(Doctor).where(Doctor.user_id == self.id))


class FoundSignIn(NamedTuple):
    """A sign-in that is still good: what is kept for the browser, when it was last seen, and who it is."""

    data: dict[str, Any]
    last_seen_at: datetime
    account: Account


def find_sign_in(id_hash: bytes, *, now: datetime, idle_since: IdleSince) -> FoundSignIn | None:
    """The sign-in that is still good at ``now``, with the account and who is behind it, by one statement.

    None when it is unknown, has lasted too long, was last seen before ``idle_since``, or the account was deactivated.
    """
    since = {"idle_since": idle_since.patients, "staff_since": idle_since.staff}
    return found_sign_in(SIGN_IN.first(id_hash=id_hash, now=now, **since))


def found_sign_in(row: Sequence[Any] | None) -> FoundSignIn | None:
    """What a row of :data:`SIGN_IN` says."""
    return FoundSignIn(row[0], row[1], Account(*row[2:])) if row else None


def list_sign_ins(user_id: UUID) -> Sequence[SignIn]:
    """Where somebody is signed in now, what was used last first; at most 20."""
    now = clock.now()
    since = idle_since(now)
    limit = case((User.role == Role.PATIENT.value, since.patients), else_=since.staff)
    lasts = (SignIn.expires_at > now) & (SignIn.last_seen_at > limit)
    own = select(SignIn).join(SignIn.user).where(SignIn.user_id == user_id, lasts)
    return db.session.scalars(own.order_by(SignIn.last_seen_at.desc()).limit(MOST_SIGN_INS)).all()


def is_known_device(email: str, id_hash: bytes | None) -> bool:
    """Whether the account with this address was signed in to before from the browser that is known by this."""
    if id_hash is None:
        return False
    try:
        own = func.lower(User.email) == normal_email(email)
    except BadEmail:
        return False
    known = select(KnownDevice.user_id).join(User, KnownDevice.user_id == User.id)
    return db.session.scalar(known.where(own, KnownDevice.id_hash == id_hash)) is not None


def find_sign_in_times(id_hash: bytes) -> tuple[datetime, datetime, str] | None:
    """When a sign-in was last seen, when it ends in any case, and its role; nothing is noted by asking."""
    row = db.session.execute(
        select(SignIn.last_seen_at, SignIn.expires_at, User.role).join(User).where(SignIn.id_hash == id_hash)
    ).first()
    return (row[0], row[1], row[2]) if row else None


def _sign_in() -> Select:
    idle_since, staff_since = (bindparam(f"{who}_since", type_=SignIn.last_seen_at.type) for who in ("idle", "staff"))
    is_patient = User.role == Role.PATIENT.value
    account = (User.id, User.email, User.full_name, User.role, User.email_verified_at, Patient.id)
    return (
        select(SignIn.data, SignIn.last_seen_at, *account)
        .join(User, SignIn.user_id == User.id)
        .outerjoin(Patient, Patient.user_id == User.id)
        .where(
            SignIn.id_hash == bindparam("id_hash"),
            SignIn.expires_at > bindparam("now"),
            SignIn.last_seen_at > case((is_patient, idle_since), else_=staff_since),
            User.deactivated_at.is_(None),
        )
    )


SIGN_IN = Prepared(_sign_in())
