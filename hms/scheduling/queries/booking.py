"""What a booking asks: the slot with its rules, and where the patient stands with their limits."""

from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, exists, func, or_, select, true
from sqlalchemy.orm import aliased, contains_eager

from hms import clock
from hms.auth.models import AnyPatient, Doctor, Patient, User
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Slot
from hms.db import db
from hms.errors import NotFound
from hms.prepared import Prepared
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus

TO_COME = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
HOUR = timedelta(hours=1)


class Standing(NamedTuple):
    """What a patient's limits are compared with: the appointments to come, those of them with one doctor, those booked
    within the last hour (cancelled ones too), and whether the email address is proved.
    """

    coming: int
    with_doctor: int
    lately: int
    is_verified: bool


class SlotToBook(NamedTuple):
    """A slot with its doctor, the rules that hold for it, and what a patient's limits are compared with."""

    slot: Slot
    rules: BookingRules
    standing: Standing


def get_slot_to_book(slot_id: UUID, *, patient: AnyPatient) -> SlotToBook:
    """A slot of a doctor whom patients can find, with the doctor loaded; it may be taken by now."""
    given = {"slot_id": slot_id, "patient_id": patient.id, "account_id": patient.user_id, "now": clock.now()}
    row = db.session.execute(_slot_to_book(), given).first()
    if row is None:
        raise NotFound("This slot is no longer available. Choose another.")
    return SlotToBook(row.Slot, booking_rules.of_row(row), Standing(*row[-4:]))


@cache
def _slot_to_book() -> Select[Any]:
    """Put together once: that takes longer than to run it."""
    patient_id, now = bindparam("patient_id", type_=Uuid), booking_rules.moment("now")
    numbers = standing(patient_id, doctor_id=Slot.doctor_id, now=now).correlate(Slot).lateral()
    account = aliased(User)
    statement = (
        select(Slot, *booking_rules.COLUMNS, *numbers.c, account.email_verified_at.is_not(None).label("is_verified"))
        .join(Slot.doctor)
        .join(Doctor.user)
        .join(account, account.id == bindparam("account_id"))
        .join(numbers, true())
        .options(contains_eager(Slot.doctor).contains_eager(Doctor.user))
        .where(Slot.id == bindparam("slot_id"), Doctor.is_bookable)
        .execution_options(populate_existing=True)
    )
    return booking_rules.joined(statement, doctor_id=Slot.doctor_id)


def standing(patient_id: Any, *, doctor_id: Any, now: Any) -> Select:
    """The three numbers of a :class:`Standing`, for statements that bring them along; values, or their columns."""
    is_live = or_(*(Appointment.status == status for status in TO_COME))
    to_come = is_live & (Appointment.starts_at > now)
    return select(
        func.count().filter(to_come).label("coming"),
        func.count().filter(to_come, Appointment.doctor_id == doctor_id).label("with_doctor"),
        func.count().filter(_is_lately(Appointment.created_at, now)).label("lately"),
    ).where(Appointment.patient_id == patient_id)


def _is_lately(moment: Any, now: Any) -> ColumnElement[bool]:
    """Within the last hour; a moment to come was written by a clock that ran ahead, and says nothing of this hour."""
    return moment.between(now - HOUR, now + clock.SLACK)


def lock_patient(patient: AnyPatient) -> None:
    """Let this patient's bookings go one at a time until the transaction ends."""
    lock_patient_by_id(patient.id)


def lock_patient_by_id(patient_id: UUID) -> None:
    """The same, where only the id is known."""
    LOCK_PATIENT.all(patient_id=patient_id)


LOCK_PATIENT = Prepared(select(Patient.id).where(Patient.id == bindparam("patient_id")).with_for_update(key_share=True))


def count_with_doctor(patient: AnyPatient, doctor_id: UUID) -> int:
    """How many appointments the patient has to come with this doctor."""
    numbers = standing(patient.id, doctor_id=doctor_id, now=clock.now())
    return db.session.execute(numbers).one().with_doctor


def lock_account(user_id: UUID) -> None:
    """Let this person's cancellations go one at a time until the transaction ends; it is the first thing locked."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def count_cancelled_lately(patient: AnyPatient) -> int:
    """How many appointments the patient has cancelled within the last hour."""
    own = Appointment.patient_id == patient.id, Appointment.status == AppointmentStatus.CANCELLED
    line = exists().where(
        AppointmentChange.appointment_id == Appointment.id,
        AppointmentChange.actor_id == patient.user_id,
        AppointmentChange.to_status == AppointmentStatus.CANCELLED,
        _is_lately(AppointmentChange.changed_at, clock.now()),
    )
    return db.session.scalar(select(func.count()).select_from(Appointment).where(*own, line)) or 0
