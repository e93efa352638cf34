"""Changing the time: an appointment goes to another slot and keeps its id, its reference and its history.

One transaction takes the new slot and then frees the old one, so that whoever loses the race for the new one still has
the old. Locked are, in the order of the house: the doctors (what the old slot becomes is for their hours to say), both
slots, the patient, the appointment.
"""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from hms import clock, labels
from hms.auth.models import AnyPatient, Doctor, PatientKey
from hms.availability import booking_rules
from hms.availability.models import Mode, Slot, SlotStatus
from hms.availability.services.planning import days_of, reconcile
from hms.db import transaction
from hms.errors import NotFound, Refusal
from hms.scheduling import appointment_rules, emails, queries, requirements, signals
from hms.scheduling.models import Appointment
from hms.scheduling.queries import moving as stored
from hms.scheduling.queries.moving import Place
from hms.scheduling.refusals import AlreadyBooked, KeyReused, NotOffering, SameTime, SlotTaken, StalePage
from hms.scheduling.services.history import note_new_time
from hms.scheduling.signals import Left

CONFLICTS = {"ex_appointments_patient_overlap": AlreadyBooked, "ex_appointments_doctor_overlap": SlotTaken}


class NewTime(NamedTuple):
    """What a page asks for: the slot, how the visit is to take place (None: as before, if that is possible), which
    version of the appointment the page showed, and the page's key."""

    slot_id: UUID
    version: int
    idempotency_key: str
    mode: str | None = None


class Mover(NamedTuple):
    """Who changes the time: the account, whether it is the ``patient``'s, a ``doctor``'s or the ``clinic``'s, and what
    is against it."""

    user_id: UUID
    kind: str
    why_not: Callable[[Appointment, Row], Refusal | None]


def move_as_patient(appointment_id: UUID, new: NewTime, *, patient: AnyPatient) -> Appointment:
    """Choose another time for one's own appointment, with the same doctor or another one.

    The same key again is the same change and no second one. Raises what booking the new time would raise,
    :class:`TooLateToChange`, :class:`ChangedOften`, :class:`TooOften`, :class:`MoveNotAllowed`, :class:`StalePage`,
    :class:`SameTime`, :class:`KeyReused`, ``NotFound``; :class:`Busy` when a lock does not come free in time.
    """
    key = PatientKey(patient.id, patient.user_id)

    def why_not(appointment: Appointment, slot: Row) -> Refusal | None:
        changes = stored.count_changes_by(patient.user_id, appointment)
        return (
            appointment_rules.why_not_change(appointment, changes=changes)
            or appointment_rules.why_not_change_another(stored.count_changed_lately(patient))
            or requirements.first_unmet(slot, key)
            or appointment_rules.why_not_book(slot, booking_rules.of_row(slot))
            or _with_another_doctor(appointment, slot, key)
        )

    return _move(
        appointment_id,
        new,
        place=lambda: stored.place_of(appointment_id, patient=patient),
        by=Mover(key.user_id, "patient", why_not),
    )


def move_as_doctor(appointment_id: UUID, new: NewTime, *, doctor: Doctor) -> Appointment:
    """Give a patient of one's own another of one's own times, be it sooner or later than patients can book.

    Raises :class:`MoveNotAllowed`, :class:`SlotTaken`, :class:`SlotPast`, :class:`NoLongerOffered`,
    :class:`ModeChanged`, :class:`AlreadyBooked`, :class:`StalePage`, :class:`SameTime`, :class:`KeyReused`,
    ``NotFound``, :class:`Busy`.
    """

    def why_not(appointment: Appointment, slot: Row) -> Refusal | None:
        if slot.doctor_id != doctor.id:
            return NotFound("You offer no such time. It may have been removed.")
        return _why_not_as_clinic(appointment, slot)

    return _move(
        appointment_id,
        new,
        place=lambda: stored.place_of(appointment_id, doctor=doctor),
        by=Mover(doctor.user_id, "doctor", why_not),
    )


def move_as_staff(appointment_id: UUID, new: NewTime, *, actor_id: UUID) -> Appointment:
    """Give a patient another time on their behalf, with any doctor; the refusals are those of :func:`move_as_doctor`,
    and :class:`NotOffering`."""

    def why_not(appointment: Appointment, slot: Row) -> Refusal | None:
        return _why_not_as_clinic(appointment, slot) or (None if slot.is_bookable else NotOffering())

    return _move(
        appointment_id, new, place=lambda: stored.place_of(appointment_id), by=Mover(actor_id, "clinic", why_not)
    )


def _why_not_as_clinic(appointment: Appointment, slot: Row) -> Refusal | None:
    return appointment_rules.why_not_move(appointment) or appointment_rules.why_not_take(slot)


def _with_another_doctor(appointment: Appointment, slot: Row, patient: PatientKey) -> Refusal | None:
    """A doctor's own limit counts those who come from other doctors as well."""
    if slot.doctor_id == appointment.doctor_id:
        return None
    return appointment_rules.why_not_join(
        booking_rules.of_row(slot), queries.count_with_doctor(patient, slot.doctor_id)
    )


def _move(appointment_id: UUID, new: NewTime, *, place: Callable[[], Place], by: Mover) -> Appointment:
    with transaction({name: refusal() for name, refusal in CONFLICTS.items()}) as session:
        before = place()
        slots = _lock(before, new, appointment_id)
        appointment = queries.lock_any_appointment(appointment_id)
        if (earlier := _by_the_same_page(appointment, new)) is not None:
            return earlier
        if appointment.version != new.version or (appointment.doctor_id, appointment.slot_id) != before[1:]:
            raise StalePage
        if new.slot_id not in slots:
            raise NotFound("This time is no longer offered. Choose another.")
        if new.slot_id == appointment.slot_id:
            raise SameTime
        slot = slots[new.slot_id]
        mode = _mode(appointment, slot, new)
        if refusal := by.why_not(appointment, slot) or appointment_rules.why_not_that_way(slot, mode):
            raise refusal
        _to_new_slot(session, appointment, slot, mode=mode, by=by, key=new.idempotency_key)
    return appointment


def _lock(before: Place, new: NewTime, appointment_id: UUID) -> dict[UUID, Row]:
    """Doctors, slots and patient, each kind in the order of ids; the appointment comes last."""
    stored.lock_doctors({before.doctor_id, stored.doctor_of_slot(new.slot_id)})
    ids = (before.slot_id, new.slot_id)
    slots = stored.lock_slots(ids, appointment_id=appointment_id, patient_id=before.patient_id)
    queries.lock_patient_by_id(before.patient_id)
    return slots


def _by_the_same_page(appointment: Appointment, new: NewTime) -> Appointment | None:
    """The appointment, if this page has changed it already; one key is for one time."""
    change = stored.find_change(appointment, idempotency_key=new.idempotency_key)
    if change is None:
        return None
    if appointment.slot_id != new.slot_id and appointment.version == new.version + 1:
        raise KeyReused("This page has already chosen another time. Open the appointment again.")
    return appointment


def _mode(appointment: Appointment, slot: Row, new: NewTime) -> str:
    """As the page asks; else as before where the slot is open to that, and as the slot is where it is not."""
    if new.mode is not None:
        return new.mode
    return appointment.mode if slot.mode == Mode.BOTH else slot.mode


def _to_new_slot(session: Session, appointment: Appointment, slot: Row, *, mode: str, by: Mover, key: str) -> None:
    text, old_slot_id = emails.when_text(appointment), appointment.slot_id
    left = Left(appointment.doctor_id, appointment.doctor.user_id, appointment.starts_at, appointment.ends_at)
    doctor = appointment.doctor if slot.doctor_id == left.doctor_id else queries.load_doctor(slot.doctor_id)
    note = _note(appointment, doctor, mode)
    note_new_time(session, appointment, slot, actor_id=by.user_id, note=note, idempotency_key=key)
    _change(appointment, slot, doctor, mode)
    _swap(session, slot.slot_id, old_slot_id)
    if left.starts_at > clock.now():
        reconcile(session, left.doctor_id, only=days_of(left.starts_at, left.ends_at))
    _announce(appointment, text=text, left=left, by=by)


def _note(appointment: Appointment, doctor: Doctor, mode: str) -> str:
    """What else is different: the doctor, the kind of visit."""
    before, after = appointment.doctor.user.full_name, doctor.user.full_name
    with_whom = [] if doctor.id == appointment.doctor_id else [f"With {after}, before with {before}."]
    kind = (
        []
        if mode == appointment.mode
        else [f"{labels.MODES[mode]}, before {labels.within(labels.MODES[appointment.mode])}."]
    )
    return " ".join(with_whom + kind)


def _change(appointment: Appointment, slot: Row, doctor: Doctor, mode: str) -> None:
    if doctor.id != appointment.doctor_id:
        appointment.doctor = doctor
        appointment.fee_minor = slot.fee_minor
        appointment.fee_currency = slot.fee_currency if slot.fee_minor is not None else None
    appointment.slot_id, appointment.starts_at, appointment.ends_at = slot.slot_id, slot.starts_at, slot.ends_at
    appointment.mode, appointment.updated_at = mode, clock.now()
    appointment.version += 1


def _swap(session: Session, new_slot_id: UUID, old_slot_id: UUID | None) -> None:
    """The new slot is taken before the old one is free."""
    take = update(Slot).where(Slot.id == new_slot_id).values(status=SlotStatus.BUSY)
    session.execute(take)
    session.flush()
    session.execute(update(Slot).where(Slot.id == old_slot_id).values(status=SlotStatus.FREE))


def _announce(appointment: Appointment, *, text: str, left: Left, by: Mover) -> None:
    if appointment.doctor_id == left.doctor_id:
        people = {"patient_user_id": appointment.patient.user_id, "doctor_user_id": left.doctor_user_id}
        emails.moved(appointment, from_moment_text=text, **people)
    else:
        emails.moved_to_another_doctor(appointment, from_moment_text=text, left=left, by=by.kind)
    signals.appointment_moved.send(appointment, left=left)
