"""What a change of time asks: the appointment, and everything it locks in the order of the house."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, literal, select
from sqlalchemy.orm import aliased

from hms import clock
from hms.auth.models import AnyPatient, Doctor, Patient, User
from hms.availability import booking_rules
from hms.availability.models import Slot
from hms.db import db
from hms.errors import NotFound
from hms.scheduling.models import Appointment, AppointmentChange

HOUR = timedelta(hours=1)


class Place(NamedTuple):
    """Where an appointment stands: its patient, its doctor and its slot."""

    patient_id: UUID
    doctor_id: UUID
    slot_id: UUID | None


def place_of(appointment_id: UUID, *, patient: AnyPatient | None = None, doctor: Doctor | None = None) -> Place:
    """Where the appointment stands now, unlocked; of this patient or doctor alone, where one is named."""
    found = select(Appointment.patient_id, Appointment.doctor_id, Appointment.slot_id)
    found = found.where(Appointment.id == appointment_id)
    if patient is not None:
        found = found.where(Appointment.patient_id == patient.id)
    if doctor is not None:
        found = found.where(Appointment.doctor_id == doctor.id)
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise NotFound("We can’t find this appointment. It may belong to another account.")
    return Place(*row)


def doctor_of_slot(slot_id: UUID) -> UUID:
    """Whose slot it is; raises ``NotFound``."""
    doctor_id = db.session.scalar(select(Slot.doctor_id).where(Slot.id == slot_id))
    if doctor_id is None:
        raise NotFound("This time is no longer offered. Choose another.")
    return doctor_id


def lock_doctors(doctor_ids: Iterable[UUID]) -> None:
    """Lock what these doctors offer, in the order of their ids, until the transaction ends."""
    some = select(Doctor.id).where(Doctor.id.in_(set(doctor_ids))).order_by(Doctor.id)
    db.session.execute(some.with_for_update(key_share=True))


def lock_slots(slot_ids: Iterable[UUID | None], *, appointment_id: UUID, patient_id: UUID) -> dict[UUID, Row]:
    """These slots by id, locked in the order of their ids, each with its doctor's rules and what the checks need."""
    statement = _slots(appointment_id, patient_id).where(Slot.id.in_({slot_id for slot_id in slot_ids if slot_id}))
    locked = statement.order_by(Slot.id).with_for_update(of=Slot, key_share=True)
    return {row.slot_id: row for row in db.session.execute(locked)}


def _slots(appointment_id: UUID, patient_id: UUID) -> Select:
    account = aliased(User, name="account")
    statement = (
        select(
            Slot.id.label("slot_id"),
            *(Slot.doctor_id, Slot.starts_at, Slot.ends_at, Slot.status, Slot.mode),
            *(Doctor.is_bookable.label("is_bookable"), Doctor.fee_minor, Doctor.fee_currency),
            account.deactivated_at.label("closed_at"),
            literal(appointment_id).label("appointment_id"),
            *booking_rules.COLUMNS,
        )
        .join(Doctor, Slot.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .join(Patient, Patient.id == patient_id)
        .join(account, Patient.user_id == account.id)
    )
    return booking_rules.joined(statement, doctor_id=Slot.doctor_id)


def find_change(appointment: Appointment, *, idempotency_key: str) -> AppointmentChange | None:
    """What a page with this key has changed already."""
    own = AppointmentChange.appointment_id == appointment.id
    return db.session.scalar(
        select(AppointmentChange).where(own, AppointmentChange.idempotency_key == idempotency_key).limit(1)
    )


def count_changes_by(user_id: UUID, appointment: Appointment) -> int:
    """How often this person has changed the time of the appointment."""
    lines = select(func.count()).where(
        AppointmentChange.appointment_id == appointment.id,
        AppointmentChange.actor_id == user_id,
        AppointmentChange.moved_to_at.is_not(None),
    )
    return db.session.scalar(lines) or 0


def count_changed_lately(patient: AnyPatient) -> int:
    """How often the patient has changed the time of an appointment within the last hour."""
    now = clock.now()
    lines = (
        select(func.count())
        .select_from(AppointmentChange)
        .join(Appointment)
        .where(
            Appointment.patient_id == patient.id,
            AppointmentChange.actor_id == patient.user_id,
            AppointmentChange.moved_to_at.is_not(None),
            AppointmentChange.changed_at.between(now - HOUR, now + clock.SLACK),
        )
    )
    return db.session.scalar(lines) or 0
