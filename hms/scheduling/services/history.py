"""One appointment moves from one status or one time to another, and its history says so."""

from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from hms import audit, clock
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed

MAX_CHANGES = 100
"""How many lines the history of an appointment has at most, its cancellation apart."""


def move(session: Session, appointment: Appointment, status: str, *, actor_id: UUID | None, note: str = "") -> None:
    """Move a locked appointment and write the line of its history.

    Raises :class:`MoveNotAllowed` if the table forbids it, or if the history, which every page of the appointment shows
    whole, has grown long.
    """
    if not appointment.can_become(status):
        raise MoveNotAllowed("Someone else has changed this appointment. Check it below.")
    if status != AppointmentStatus.CANCELLED and _number_of_changes(session, appointment) >= MAX_CHANGES:
        raise MoveNotAllowed("This visit has been marked too many times. You can’t change it any more.")
    now = clock.now()
    session.add(
        AppointmentChange(
            appointment_id=appointment.id,
            actor_id=actor_id,
            from_status=appointment.status,
            to_status=status,
            note=note,
            changed_at=now,
        )
    )
    audit.record(
        "appointment-cancelled" if status == AppointmentStatus.CANCELLED else "appointment-marked",
        subject=("appointment", appointment.id),
        patient_id=appointment.patient_id,
        before=appointment.status,
        after=status,
    )
    appointment.status, appointment.updated_at = status, now


def note_new_time(
    session: Session, appointment: Appointment, slot: Row, *, actor_id: UUID, note: str, idempotency_key: str
) -> None:
    """Write the line that says from when to when a locked appointment goes; raises :class:`MoveNotAllowed` as above."""
    if _number_of_changes(session, appointment) >= MAX_CHANGES:
        raise MoveNotAllowed("This appointment has been changed too many times. You can’t change it any more.")
    session.add(
        AppointmentChange(
            appointment_id=appointment.id,
            actor_id=actor_id,
            from_status=appointment.status,
            to_status=appointment.status,
            note=note,
            changed_at=clock.now(),
            moved_from_at=appointment.starts_at,
            moved_to_at=slot.starts_at,
            idempotency_key=idempotency_key,
        )
    )


def _number_of_changes(session: Session, appointment: Appointment) -> int:
    lines = select(func.count()).where(AppointmentChange.appointment_id == appointment.id)
    return session.scalar(lines) or 0
