"""Booking: exactly one of any number of patients gets a slot, and the same page gets the same appointment again."""

import secrets
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CTE, Row, Select, exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from hms import clock
from hms.auth.models import Doctor, Patient, User
from hms.db import Busy, new_id, transaction
from hms.errors import NotFound
from hms.scheduling import emails, obstacles, queries, signals
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus, Mode, Slot, SlotStatus
from hms.scheduling.refusals import AlreadyBooked, KeyReused, NotOffering, SlotTaken

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 or O, no 1, I or L: a reference is read out over the telephone."""

TRIES = 5
"""How often a slot is tried that others take and free again at the same moment."""


def book(slot_id: UUID, *, patient: Patient, reason: str = "", idempotency_key: str) -> Appointment:
    """Book a free slot for a patient, and promise both people a mail.

    The same key again, or the same patient on the same slot again, is the same appointment and no second one.
    Raises :class:`SlotTaken`, :class:`SlotPast`, :class:`TooSoon`, :class:`AlreadyBooked`, :class:`NotOffering`,
    :class:`KeyReused`, :class:`NotFound`; :class:`Busy` when the slot's lock does not come free in time.
    """
    claim = Claim(slot_id, patient, reason, idempotency_key)
    with transaction() as session:
        for _ in range(TRIES):
            if appointment := _claim(session, claim) or _earlier_or_refuse(claim):
                return appointment
        raise Busy


class Claim(NamedTuple):
    """Who wants which slot, and with which words."""

    slot_id: UUID
    patient: Patient
    reason: str
    idempotency_key: str


def _claim(session: Session, claim: Claim) -> Appointment | None:
    """The new appointment; none when somebody else was quicker, or a constraint knows better than our checks."""
    slot = session.execute(_lock_if_free(claim.slot_id, claim.patient)).first()
    if slot is None:
        return None
    _check(slot)
    appointment = _write(session, slot.Slot, claim)
    if appointment is not None:
        emails.booked(appointment, patient_user_id=claim.patient.user_id, doctor_user_id=slot.doctor_user_id)
        signals.appointment_booked.send(appointment)
    return appointment


def _lock_if_free(slot_id: UUID, patient: Patient) -> Select:
    """The slot, locked and read anew, with what the checks need; no row, and no waiting in line, once it is taken."""
    own = (
        exists()
        .where(Appointment.patient_id == patient.id, Appointment.status != AppointmentStatus.CANCELLED)
        .where(queries.during(Appointment).op("&&")(queries.during(Slot)))
    )
    return (
        select(
            Slot,
            Doctor.user_id.label("doctor_user_id"),
            Doctor.approved_at,
            User.deactivated_at,
            own.label("patient_is_busy"),
        )
        .join(Doctor, Slot.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .where(Slot.id == slot_id, Slot.status == SlotStatus.FREE)
        .with_for_update(of=Slot)
        .execution_options(populate_existing=True)
    )


def _check(slot: Row) -> None:
    if slot.approved_at is None or slot.deactivated_at is not None:
        raise NotOffering
    if obstacle := obstacles.to_booking(slot.Slot):
        raise obstacle
    if slot.patient_is_busy:
        raise AlreadyBooked


def _write(session: Session, slot: Slot, claim: Claim) -> Appointment | None:
    """Appointment, slot and history in one statement; none when a constraint knows better than our checks."""
    booked = _insert_appointment(slot, claim)
    taken = update(Slot).where(Slot.id == booked.c.slot_id).values(status=SlotStatus.BUSY).cte("taken")
    history = _insert_history(booked, claim)
    appointment = aliased(Appointment, booked, adapt_on_names=True)
    return session.scalars(select(appointment).add_cte(taken, history)).one_or_none()


def _insert_appointment(slot: Slot, claim: Claim) -> CTE:
    return (
        insert(Appointment)
        .values(
            id=new_id(),
            reference=new_reference(),
            slot_id=slot.id,
            doctor_id=slot.doctor_id,
            patient_id=claim.patient.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            status=AppointmentStatus.BOOKED,
            mode=Mode.ONLINE if slot.mode == Mode.ONLINE else Mode.IN_PERSON,
            reason=claim.reason,
            idempotency_key=claim.idempotency_key,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(*Appointment.__table__.columns)
        .cte("booked")
    )


def _insert_history(booked: CTE, claim: Claim) -> CTE:
    line = {
        "id": literal(new_id()),
        "appointment_id": booked.c.id,
        "actor_id": literal(claim.patient.user_id),
        "to_status": booked.c.status,
        "changed_at": booked.c.created_at,
    }
    return insert(AppointmentChange).from_select(list(line), select(*line.values())).cte("history")


def _earlier_or_refuse(claim: Claim) -> Appointment | None:
    """The patient's own earlier appointment from this page or on this slot; otherwise the reason why there is none.

    None when there is no such reason: the slot was freed again meanwhile, and is worth another try.
    """
    earlier = queries.find_earlier_booking(claim.slot_id, patient=claim.patient, idempotency_key=claim.idempotency_key)
    if earlier is not None and earlier.slot_id == claim.slot_id:
        return earlier
    if earlier is not None:
        raise KeyReused
    slot = queries.find_slot(claim.slot_id)
    if slot is None:
        raise NotFound("This time is no longer offered.")
    if slot.status != SlotStatus.FREE:
        raise SlotTaken
    if queries.is_busy(claim.patient, starts_at=slot.starts_at, ends_at=slot.ends_at):
        raise AlreadyBooked
    return None


def new_reference() -> str:
    """Eight random letters and digits by which people name an appointment."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))
