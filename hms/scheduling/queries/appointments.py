"""Appointments, always of somebody: a stranger's id finds nothing."""

from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from hms import audit, clock
from hms.auth.models import AnyPatient, Doctor, Patient, User
from hms.db import db
from hms.errors import NotFound
from hms.prepared import Prepared
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus
from hms.web import paging

DOCTOR = (
    joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(Appointment.doctor).joinedload(Doctor.specialty),
)
PATIENT = (joinedload(Appointment.patient).joinedload(Patient.user),)
PEOPLE = (*DOCTOR, *PATIENT)
LIVE = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
PAGE = paging.PAGE_SIZE
MOST_WORDS = 6
IN_ORDER = (AppointmentChange.changed_at, AppointmentChange.id)


def get_appointment(
    appointment_id: UUID, *, patient: AnyPatient | None = None, doctor: Doctor | None = None
) -> Appointment:
    """An appointment of this patient, or of this doctor, with its people and its history."""
    history = joinedload(Appointment.changes).joinedload(AppointmentChange.actor)
    statement = (
        select(Appointment)
        .options(*PEOPLE, history)
        .where(Appointment.id == appointment_id, _of(patient, doctor))
        .execution_options(populate_existing=True)
    )
    appointment = _found(db.session.execute(statement).unique().scalar_one_or_none())
    return appointment if patient else note_viewed([appointment])[0]


def get_any_appointment(appointment_id: UUID) -> Appointment:
    """Anybody's appointment with its people and its history: for reception."""
    history = joinedload(Appointment.changes).joinedload(AppointmentChange.actor)
    statement = select(Appointment).options(*PEOPLE, history).where(Appointment.id == appointment_id)
    found = db.session.execute(statement.execution_options(populate_existing=True)).unique().scalar_one_or_none()
    return note_viewed([_found(found)])[0]


def lock_appointment(
    appointment_id: UUID, *, patient: AnyPatient | None = None, doctor: Doctor | None = None
) -> Appointment:
    """An appointment of this patient or doctor, locked until the transaction ends and read anew."""
    statement = (
        select(Appointment)
        .options(*PEOPLE)
        .where(Appointment.id == appointment_id, _of(patient, doctor))
        .with_for_update(of=Appointment)
        .execution_options(populate_existing=True)
    )
    return _found(db.session.scalar(statement))


def lock_any_appointment(appointment_id: UUID) -> Appointment:
    """Anybody's appointment, locked until the transaction ends and read anew: for the clinic itself."""
    statement = select(Appointment).options(*PEOPLE).where(Appointment.id == appointment_id)
    locked = statement.with_for_update(of=Appointment).execution_options(populate_existing=True)
    return _found(db.session.scalar(locked))


def lock_doctor_of(appointment_id: UUID) -> UUID | None:
    """Lock the doctor's offer before the appointment, because what it frees has to be as the offer says.

    The answer is whose it was then: by the time that the lock is there, the appointment may be another doctor's.
    """
    doctor = select(Doctor.id).join(Appointment, Appointment.doctor_id == Doctor.id)
    locked = doctor.where(Appointment.id == appointment_id).with_for_update(of=Doctor, key_share=True)
    return db.session.scalar(locked)


def load_appointment(appointment_id: UUID) -> Appointment:
    """Anybody's appointment with its people, as it stands now: for the house's own messages, never for a page."""
    return db.session.scalars(_loaded(), {"appointment_id": appointment_id}).one()


@cache
def _loaded() -> Select[Appointment]:
    """Put together once: that takes longer than to run it."""
    statement = select(Appointment).options(*PEOPLE).where(Appointment.id == bindparam("appointment_id"))
    return statement.execution_options(populate_existing=True)


def load_doctor(doctor_id: UUID) -> Doctor:
    """Any doctor with their account: for the house's own messages, never for a page."""
    own = select(Doctor).options(joinedload(Doctor.user)).where(Doctor.id == doctor_id)
    return db.session.scalars(own.execution_options(populate_existing=True)).one()


def list_changes(appointment: Appointment) -> list[AppointmentChange]:
    """The appointment's history as it stands now, oldest first."""
    own = select(AppointmentChange).where(AppointmentChange.appointment_id == appointment.id)
    return list(db.session.scalars(own.order_by(*IN_ORDER)))


def has_changed_since(appointment: Appointment, moment: datetime) -> bool:
    """Whether the appointment's history has a line that is younger than ``moment``."""
    younger = exists().where(AppointmentChange.appointment_id == appointment.id, AppointmentChange.changed_at > moment)
    return bool(db.session.scalar(select(younger)))


def list_appointments(
    *, patient: AnyPatient | None = None, doctor: Doctor | None = None, past: bool = False, page: int = 1
) -> list[Appointment]:
    """Those to come, soonest first, with who is on the other side; or those past or cancelled, latest first.

    At most 50 a page.
    """
    values = {"owner_id": _owner_id(patient, doctor), "now": clock.now(), "passed_over": (page - 1) * PAGE}
    found = list(db.session.scalars(_listed(patient is not None, past), values))
    return found if patient else note_viewed(found)


@lru_cache
def _listed(of_patient: bool, past: bool) -> Select:
    """Put together once for each kind of list: that takes longer than to run it."""
    order = Appointment.starts_at.desc() if past else Appointment.starts_at
    to_come = _is_to_come(bindparam("now"))
    return (
        select(Appointment)
        .options(*(DOCTOR if of_patient else PATIENT))
        .where(_owner(of_patient) == bindparam("owner_id"), ~to_come if past else to_come)
        .order_by(order, Appointment.id)
        .limit(PAGE)
        .offset(bindparam("passed_over", type_=Integer))
    )


def count_appointments(*, patient: AnyPatient | None = None, doctor: Doctor | None = None) -> tuple[int, int]:
    """How many are to come, and how many are past or cancelled."""
    given = {"owner_id": _owner_id(patient, doctor), "now": clock.now()}
    to_come, over = db.session.execute(_counts(patient is not None), given).one()
    return to_come, over


@lru_cache
def _counts(of_patient: bool) -> Select[int, int]:
    to_come = func.count(case((_is_to_come(bindparam("now")), 1)))
    return select(to_come, func.count() - to_come).where(_owner(of_patient) == bindparam("owner_id"))


def list_matching(words: str, *, doctor: Doctor, past: bool = False, page: int = 1) -> list[Appointment]:
    """Those of a doctor's appointments whose patient has all the words in the name, or whose reference it is.

    At most 50 a page, in the order of :func:`list_appointments`.
    """
    values = {"owner_id": doctor.id, "now": clock.now(), "passed_over": (page - 1) * PAGE}
    return note_viewed(list(db.session.scalars(_listed(False, past).where(_matches(words)), values)))


def count_matching(words: str, *, doctor: Doctor) -> tuple[int, int]:
    """How many of those are to come, and how many are past or cancelled."""
    given = {"owner_id": doctor.id, "now": clock.now()}
    to_come, over = db.session.execute(_counts(False).where(_matches(words)), given).one()
    return to_come, over


def _matches(words: str) -> ColumnElement[bool]:
    named = select(Patient.id).join(User, Patient.user_id == User.id)
    for word in words.split()[:MOST_WORDS]:
        named = named.where(User.full_name.icontains(word, autoescape=True))
    reference = words.replace("-", "").replace(" ", "").upper()
    return Appointment.patient_id.in_(named) | (Appointment.reference == reference)


def next_appointment(*, patient: AnyPatient) -> Appointment | None:
    """The patient's soonest appointment that is not over."""
    return next(iter(list_appointments(patient=patient)), None)


def find_earlier_booking(slot_id: UUID, *, patient: AnyPatient, idempotency_key: str) -> Appointment | None:
    """What this patient booked from the page with this key; else what they hold on this slot."""
    found = EARLIER.first(patient_id=patient.id, slot_id=slot_id, idempotency_key=idempotency_key)
    return db.session.get(Appointment, found.id, populate_existing=True) if found else None


def _earlier() -> Select[Any]:
    by_key = Appointment.idempotency_key == bindparam("idempotency_key")
    on_slot = (Appointment.slot_id == bindparam("slot_id")) & (Appointment.status != AppointmentStatus.CANCELLED)
    own = select(Appointment.id).where(Appointment.patient_id == bindparam("patient_id"), by_key | on_slot)
    return own.order_by(by_key.desc()).limit(1)


EARLIER = Prepared(_earlier())


def is_busy(patient: AnyPatient, *, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the patient has an appointment that overlaps ``[starts_at, ends_at)``."""
    overlapping = _time_range().op("&&")(func.tstzrange(starts_at, ends_at))
    live = Appointment.status != AppointmentStatus.CANCELLED
    return bool(db.session.scalar(select(exists().where(Appointment.patient_id == patient.id, live, overlapping))))


def _time_range() -> ColumnElement:
    """The half-open interval of an appointment, as the exclusion constraints write it."""
    return func.tstzrange(Appointment.starts_at, Appointment.ends_at)


def _of(patient: AnyPatient | None, doctor: Doctor | None) -> ColumnElement[bool]:
    return _owner(patient is not None) == _owner_id(patient, doctor)


def _owner(of_patient: bool) -> InstrumentedAttribute[UUID]:
    return Appointment.patient_id if of_patient else Appointment.doctor_id


def _owner_id(patient: AnyPatient | None, doctor: Doctor | None) -> UUID:
    owner = patient or doctor
    if owner is None:
        raise TypeError("whose appointment?")
    return owner.id


def _is_to_come(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    is_live = or_(*(Appointment.status == status for status in LIVE))
    return is_live & (Appointment.ends_at > now)


def note_viewed(appointments: list[Appointment]) -> list[Appointment]:
    """Leave a line in the audit log of each that a page shows to somebody else than its patient."""
    for appointment in appointments:
        audit.viewed(appointment.patient_id, ("appointment", appointment.id))
    return appointments


def _found(appointment: Appointment | None) -> Appointment:
    if appointment is None:
        raise NotFound("We can’t find this appointment. It may belong to another account.")
    return appointment
