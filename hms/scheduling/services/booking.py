"""Booking: exactly one of any number of patients gets a slot, and the same page gets the same appointment again."""

import secrets
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from hms import clock
from hms.auth.models import AnyPatient, Doctor, PatientKey, User
from hms.db import Busy, new_id, stored, transaction
from hms.errors import NotFound
from hms.prepared import Prepared
from hms.scheduling import emails, obstacles, policies, queries, signals
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus, Mode, Slot, SlotStatus
from hms.scheduling.policies import Policy
from hms.scheduling.refusals import AlreadyBooked, KeyReused, NoLongerOffered, NotOffering, SlotTaken

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 or O, no 1, I or L: a reference is read out over the telephone."""

TRIES = 5
"""How often a slot is tried that others take and free again at the same moment."""


def book(
    slot_id: UUID, *, patient: AnyPatient, reason: str = "", mode: str | None = None, idempotency_key: str
) -> Appointment:
    """Book a free slot for a patient, and promise both people a mail.

    ``mode`` is how the visit is to take place, ``in-person`` or ``online``; None takes what is offered, in person
    where both are. The same key again, or the same patient on the same slot again, is the same appointment and no
    second one. Raises :class:`SlotTaken`, :class:`SlotPast`, :class:`TooSoon`, :class:`BeyondHorizon`,
    :class:`NoLongerOffered`, :class:`ModeChanged`, :class:`AlreadyBooked`, :class:`TooManyBookings`,
    :class:`NotOffering`, :class:`KeyReused`, :class:`NotFound`; :class:`Busy` when a lock does not come free in time.
    """
    claim = Claim(slot_id, PatientKey(patient.id, patient.user_id), reason, mode, idempotency_key)
    with transaction():
        for _ in range(TRIES):
            if appointment := _claim(claim) or _earlier_or_refuse(claim):
                return appointment
        raise Busy


class Claim(NamedTuple):
    """Who wants which slot, and with which words."""

    slot_id: UUID
    patient: PatientKey
    reason: str
    mode: str | None
    idempotency_key: str


def _claim(claim: Claim) -> Appointment | None:
    """The new appointment; none when somebody else was quicker, or a constraint knows better than our checks."""
    slot = LOCK_IF_FREE.first(slot_id=claim.slot_id)
    if slot is None:
        return None
    _check(slot, claim)
    appointment = _write(slot, claim)
    if appointment is not None:
        emails.booked(appointment, patient_user_id=claim.patient.user_id, doctor_user_id=slot.doctor_user_id)
        signals.appointment_booked.send(appointment)
    return appointment


def _check(slot: Row, claim: Claim) -> None:
    if slot.approved_at is None or slot.deactivated_at is not None:
        raise NotOffering
    policy = policies.of_row(slot)
    if obstacle := obstacles.to_booking(slot, policy) or obstacles.to_mode(slot, claim.mode):
        raise obstacle
    if policy.has_limit:
        _check_number(slot, policy, claim.patient)


def _check_number(slot: Row, policy: Policy, patient: PatientKey) -> None:
    """Count under a lock: two bookings of one patient at the same moment would each find the other missing."""
    queries.lock_patient(patient)
    coming, with_doctor = queries.count_coming(patient, doctor_id=slot.doctor_id)
    if obstacle := obstacles.to_another(policy, coming=coming, with_doctor=with_doctor):
        raise obstacle


def _write(slot: Row, claim: Claim) -> Appointment | None:
    """Appointment, slot and history in one statement; none when a constraint knows better than our checks."""
    given = {
        "id": new_id(),
        "reference": new_reference(),
        "slot_id": claim.slot_id,
        "doctor_id": slot.doctor_id,
        "patient_id": claim.patient.id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "mode": _mode(slot, claim),
        "reason": claim.reason,
        "idempotency_key": claim.idempotency_key,
        "created_at": clock.now(),
    }
    made = WRITE.first(
        history_id=new_id(),
        actor_id=claim.patient.user_id,
        **{f"new_{name}": value for name, value in given.items()},
    )
    return stored(Appointment, {**given, **made._asdict()}) if made else None


def _mode(slot: Row, claim: Claim) -> str:
    return (claim.mode or Mode.IN_PERSON) if slot.mode == Mode.BOTH else slot.mode


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
    if slot.status == SlotStatus.BUSY_UNAVAILABLE:
        raise NoLongerOffered
    if slot.status != SlotStatus.FREE:
        raise SlotTaken
    if queries.is_busy(claim.patient, starts_at=slot.starts_at, ends_at=slot.ends_at):
        raise AlreadyBooked
    return None


def new_reference() -> str:
    """Eight random letters and digits by which people name an appointment."""
    number, letters = secrets.randbelow(len(REFERENCE_ALPHABET) ** 8), ""
    for _ in range(8):
        number, letter = divmod(number, len(REFERENCE_ALPHABET))
        letters += REFERENCE_ALPHABET[letter]
    return letters


# -- the two statements ----------------------------------------------------------------------------------------------
# They are prepared, and their answers are plain rows: this is the path that everybody takes at the same moment. Whether
# the patient is elsewhere at that time is left to the constraint, which knows of bookings made this very moment, too.


def _lock_if_free() -> Select:
    """The slot, locked and read anew, with what the checks need; no row, and no waiting in line, once it is taken."""
    statement = (
        select(
            Slot.doctor_id,
            Slot.starts_at,
            Slot.ends_at,
            Slot.status,
            Slot.mode,
            Doctor.user_id.label("doctor_user_id"),
            Doctor.approved_at,
            User.deactivated_at,
            *policies.COLUMNS,
        )
        .join(Doctor, Slot.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .where(Slot.id == bindparam("slot_id"), Slot.status == SlotStatus.FREE)
        .with_for_update(of=Slot)
    )
    return policies.joined(statement, doctor_id=Slot.doctor_id)


def _write_all() -> Select:
    """The appointment, its slot's status and the first line of its history; no row when a constraint says no.

    It answers what was not given to it.
    """
    columns = Appointment.__table__.columns
    made = ("status", "cancellation_reason", "version")
    given = [column.name for column in columns if column.name not in made]
    booked = (
        insert(Appointment)
        .values(status=AppointmentStatus.BOOKED, **{name: bindparam(f"new_{name}") for name in given})
        .on_conflict_do_nothing()
        .returning(*columns)
        .cte("booked")
    )
    taken = update(Slot).where(Slot.id == booked.c.slot_id).values(status=SlotStatus.BUSY).cte("taken")
    line = {
        "id": bindparam("history_id", type_=Uuid),
        "appointment_id": booked.c.id,
        "actor_id": bindparam("actor_id", type_=Uuid),
        "to_status": booked.c.status,
        "changed_at": booked.c.created_at,
    }
    history = insert(AppointmentChange).from_select(list(line), select(*line.values())).cte("history")
    return select(*(booked.c[name] for name in made)).add_cte(taken, history)


LOCK_IF_FREE = Prepared(_lock_if_free())
WRITE = Prepared(_write_all())
