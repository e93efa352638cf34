"""The day of the visit: arrived, completed, did not attend, and taking one step back."""

from uuid import UUID

from sqlalchemy.orm import Session

from hms.auth.models import Doctor
from hms.db import transaction
from hms.scheduling import appointment_rules, emails, queries
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.services.history import move

S = AppointmentStatus
MARKS = frozenset({S.ARRIVED, S.FULFILLED, S.NOSHOW})


def mark_arrived(appointment_id: UUID, *, doctor: Doctor) -> Appointment:
    """The patient is here; from the day of the visit on. Raises :class:`MoveNotAllowed`, ``NotFound``."""
    return _mark(appointment_id, S.ARRIVED, doctor=doctor)


def mark_arrived_at_desk(appointment_id: UUID, *, actor_id: UUID) -> Appointment:
    """Reception says that the patient is here; ``actor_id`` is whose account. Raises as :func:`mark_arrived` does."""
    with transaction() as session:
        return _mark_locked(session, queries.lock_any_appointment(appointment_id), S.ARRIVED, actor_id=actor_id)


def mark_fulfilled(appointment_id: UUID, *, doctor: Doctor) -> Appointment:
    """The visit took place; from the day of the visit on. Raises :class:`MoveNotAllowed`, ``NotFound``."""
    return _mark(appointment_id, S.FULFILLED, doctor=doctor)


def mark_noshow(appointment_id: UUID, *, doctor: Doctor) -> Appointment:
    """The patient did not come; once the visit's time has come. Raises :class:`MoveNotAllowed`, ``NotFound``."""
    return _mark(appointment_id, S.NOSHOW, doctor=doctor)


def undo(appointment_id: UUID, *, doctor: Doctor, mark: str = "") -> Appointment:
    """Take the last mark back; where ``mark`` says which one, nothing else: one that is gone already changes nothing.

    Raises :class:`MoveNotAllowed` when there is none, ``NotFound``.
    """
    with transaction() as session:
        appointment = queries.lock_appointment(appointment_id, doctor=doctor)
        if mark and appointment.status != mark:
            return appointment
        move(session, appointment, _before_the_mark(appointment), actor_id=doctor.user_id)
    return appointment


def _mark(appointment_id: UUID, status: AppointmentStatus, *, doctor: Doctor) -> Appointment:
    with transaction() as session:
        appointment = queries.lock_appointment(appointment_id, doctor=doctor)
        return _mark_locked(session, appointment, status, actor_id=doctor.user_id)


def _mark_locked(
    session: Session, appointment: Appointment, status: AppointmentStatus, *, actor_id: UUID
) -> Appointment:
    if appointment.status == status:  # a second click
        return appointment
    if appointment.status == S.FULFILLED:  # going back is `undo`; a page that is out of date does not ask for that
        raise MoveNotAllowed("This visit is already marked as completed. Undo that first.")
    _check_time(appointment, status)
    move(session, appointment, status, actor_id=actor_id)
    emails.marked(appointment, patient_user_id=appointment.patient.user_id)
    return appointment


def _check_time(appointment: Appointment, status: AppointmentStatus) -> None:
    if not appointment_rules.is_for_today_or_past(appointment):
        raise MoveNotAllowed("You can’t mark this visit before the day of the appointment.")
    if status == S.NOSHOW and not appointment_rules.has_started(appointment):
        raise MoveNotAllowed("You can’t mark this visit before it starts.")


def _before_the_mark(appointment: Appointment) -> str:
    """The status from which the present one was marked. Steps back do not count: undoing twice goes back twice."""
    for change in reversed(queries.list_changes(appointment)):
        is_mark = change.to_status in MARKS and change.from_status != S.FULFILLED
        if is_mark and change.to_status == appointment.status and change.from_status is not None:
            return change.from_status if appointment.can_become(change.from_status) else S.BOOKED
    raise MoveNotAllowed("There’s nothing to undo.")
