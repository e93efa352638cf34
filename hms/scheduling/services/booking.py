"""Booking: exactly one of any number of patients gets a slot, and the same page gets the same appointment again."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete

from hms import clock
from hms.auth.models import AnyPatient, PatientKey
from hms.availability import booking_rules
from hms.availability import queries as offered
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Mode, SlotStatus
from hms.db import Busy, db, new_id, stored, transaction
from hms.errors import NotFound, Refusal
from hms.scheduling import appointment_rules, emails, queries, requirements, signals
from hms.scheduling.models import Appointment, RefusedBooking
from hms.scheduling.queries import Standing
from hms.scheduling.refusals import (
    AccountClosed,
    AlreadyBooked,
    BeyondHorizon,
    KeyReused,
    ModeChanged,
    NoLongerOffered,
    NotOffering,
    SlotPast,
    SlotTaken,
    TooManyBookings,
    TooOften,
    TooSoon,
)
from hms.scheduling.services.claiming import LOCK_IF_FREE, REMEMBER, WRITE

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 or O, no 1, I or L: a reference is read out over the telephone."""

TRIES = 5
"""How often a slot is tried that others take and free again at the same moment."""

REMEMBERED = timedelta(days=2)
REMEMBERED_REFUSALS: tuple[type[Refusal], ...] = (
    *(SlotTaken, NoLongerOffered, AlreadyBooked, NotOffering, AccountClosed),
    *(TooManyBookings, TooOften, SlotPast, TooSoon, BeyondHorizon, ModeChanged),
)
"""What a page is told is its answer, whatever changes later: a twin of it that waited in line must not book what the
person was refused. The page that says so carries another key. A busy database (``Unavailable``) is no answer: the same
page may be sent again. Nor are a slot that is gone for good and a key used elsewhere, which cannot become a booking,
and ``NotYet``: the page goes on once what it asks for is done."""


def book(
    slot_id: UUID, *, patient: AnyPatient, reason: str = "", mode: str | None = None, idempotency_key: str
) -> Appointment:
    """Book a free slot for a patient, and queue a mail to both people.

    ``mode`` is how the visit is to take place, ``in-person`` or ``online``; None takes what is offered, in person
    where both are. The same key again, or the same patient on the same slot again, is the same appointment and no
    second one; a key that was refused this slot is refused it again. Raises :class:`SlotTaken`,
    :class:`SlotPast`, :class:`TooSoon`, :class:`BeyondHorizon`, :class:`NoLongerOffered`, :class:`ModeChanged`,
    :class:`AlreadyBooked`, :class:`TooManyBookings`, :class:`TooOften`, :class:`NotOffering`, :class:`KeyReused`,
    :class:`NotFound`, :class:`NotYet`; :class:`Busy` when a lock does not come free in time.
    """
    return _book(Claim(slot_id, PatientKey(patient.id, patient.user_id), reason, mode, idempotency_key))


def book_as_staff(
    slot_id: UUID,
    *,
    patient: AnyPatient,
    actor_id: UUID,
    reason: str = "",
    mode: str | None = None,
    idempotency_key: str,
) -> Appointment:
    """The same on the patient's behalf: the history names the account that does it, and what binds patients online
    (notice, horizon, numbers, requirements of other capabilities) does not bind the clinic."""
    key = PatientKey(patient.id, patient.user_id)
    return _book(Claim(slot_id, key, reason, mode, idempotency_key, staff_id=actor_id))


def _book(claim: "Claim") -> Appointment:
    with transaction():
        answer = _answer(claim)
    if isinstance(answer, Refusal):
        raise answer
    return answer


def forget_refusals() -> int:
    """Forget what pages were told two days ago and longer; how many."""
    old = delete(RefusedBooking).where(RefusedBooking.refused_at < clock.now() - REMEMBERED)
    with transaction() as session:
        done = session.execute(old.execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


class Claim(NamedTuple):
    """Who wants which slot, and with which words; ``staff_id`` is the account of who books on the patient's behalf."""

    slot_id: UUID
    patient: PatientKey
    reason: str
    mode: str | None
    idempotency_key: str
    staff_id: UUID | None = None


def _answer(claim: Claim) -> Appointment | Refusal:
    """What the page is told; a refusal is no exception yet, so that it can be stored like a booking."""
    for _ in range(TRIES):
        if answer := _claim(claim):
            return answer
    raise Busy


def _claim(claim: Claim) -> Appointment | Refusal | None:
    """The new appointment, or why there is none; None when it is worth another try."""
    slot = LOCK_IF_FREE.first(slot_id=claim.slot_id, patient_id=claim.patient.id)
    if slot is None:
        return _missed(claim)
    rules = booking_rules.of_row(slot)
    if refusal := _why_not_at_all(slot, rules, claim):
        return _settled(claim, refusal)
    limits = {} if claim.staff_id else appointment_rules.limits(rules, is_verified=slot.is_verified)
    appointment = _write(slot, claim, appointment_rules.NO_LIMITS | limits)
    if appointment is None:
        return _settled(claim, _why_not(slot, rules, claim))
    emails.booked(appointment, patient_user_id=claim.patient.user_id, doctor_user_id=slot.doctor_user_id)
    signals.appointment_booked.send(appointment)
    return appointment


def _why_not_at_all(slot: Row, rules: BookingRules, claim: Claim) -> Refusal | None:
    if claim.staff_id:
        return _why_not_for_staff(slot, claim)
    return (
        requirements.first_unmet(slot, claim.patient)
        or appointment_rules.why_not_book(slot, rules)
        or appointment_rules.why_not_that_way(slot, claim.mode)
    )


def _why_not_for_staff(slot: Row, claim: Claim) -> Refusal | None:
    if slot.closed_at is not None:
        return AccountClosed("This patient’s account is closed, so nothing was booked.")
    if not slot.is_bookable:
        return NotOffering()
    return appointment_rules.why_not_take(slot) or appointment_rules.why_not_that_way(slot, claim.mode)


def _missed(claim: Claim) -> Appointment | Refusal | None:
    """The slot is not free; or it is again by now, and worth another try."""
    status = offered.find_status(claim.slot_id)
    if status == SlotStatus.FREE:
        return None
    if status is None:
        return _settled(claim, NotFound("This slot is no longer available."))
    return _settled(claim, NoLongerOffered() if status == SlotStatus.BUSY_UNAVAILABLE else SlotTaken())


def _why_not(slot: Row, rules: BookingRules, claim: Claim) -> Refusal | None:
    """Which limit or constraint was against it; None for what the page itself has done before."""
    numbers = queries.standing(claim.patient.id, doctor_id=slot.doctor_id, now=clock.now())
    coming, with_doctor, lately = db.session.execute(numbers).one()
    standing = Standing(coming, with_doctor, lately, slot.is_verified)
    if not claim.staff_id and (refusal := appointment_rules.why_not_book_another(rules, standing)):
        return refusal
    is_busy = queries.is_busy(claim.patient, starts_at=slot.starts_at, ends_at=slot.ends_at)
    return AlreadyBooked() if is_busy else None


def _settled(claim: Claim, refusal: Refusal | None) -> Appointment | Refusal | None:
    """The one answer of this page: what it booked before, what it was told before, or this refusal from now on.

    With the patient's row locked, nobody books or refuses the same page meanwhile.
    """
    queries.lock_patient(claim.patient)
    earlier = queries.find_earlier_booking(claim.slot_id, patient=claim.patient, idempotency_key=claim.idempotency_key)
    if earlier is not None:
        return earlier if earlier.slot_id == claim.slot_id else KeyReused()
    if isinstance(refusal, REMEMBERED_REFUSALS):
        return _remember(claim, refusal)
    told = db.session.get(RefusedBooking, (claim.patient.id, claim.idempotency_key, claim.slot_id))
    return _as_told(told) if told else refusal


def _remember(claim: Claim, refusal: Refusal) -> Refusal:
    given = {
        "patient_id": claim.patient.id,
        "idempotency_key": claim.idempotency_key,
        "slot_id": claim.slot_id,
        "code": refusal.code,
        "message": refusal.message,
        "refused_at": clock.now(),
    }
    told = REMEMBER.first(**given)
    return _as_told(told) if told else refusal


def _as_told(told: Any) -> Refusal:
    kinds = {kind.code: kind for kind in REMEMBERED_REFUSALS}
    return kinds[told.code](told.message)


def _write(slot: Row, claim: Claim, limits: Mapping[str, int | None]) -> Appointment | None:
    """Appointment, slot and history in one statement; none when a limit or a constraint is against it."""
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
        "fee_minor": slot.fee_minor,
        "fee_currency": slot.fee_currency if slot.fee_minor is not None else None,
        "created_at": (now := clock.now()),
        "updated_at": now,
    }
    made = WRITE.first(
        history_id=new_id(),
        actor_id=claim.staff_id or claim.patient.user_id,
        counts=any(most is not None for most in limits.values()),
        **{f"most_{name}": most for name, most in limits.items()},
        **{f"new_{name}": value for name, value in given.items()},
    )
    return stored(Appointment, {**given, **made._asdict()}) if made else None


def _mode(slot: Row, claim: Claim) -> str:
    return (claim.mode or Mode.IN_PERSON) if slot.mode == Mode.BOTH else slot.mode


def new_reference() -> str:
    """Eight random letters and digits by which people name an appointment."""
    number, letters = secrets.randbelow(len(REFERENCE_ALPHABET) ** 8), ""
    for _ in range(8):
        number, letter = divmod(number, len(REFERENCE_ALPHABET))
        letters += REFERENCE_ALPHABET[letter]
    return letters
