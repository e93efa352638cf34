"""One appointment moves from one status to another, and its history says so."""

from uuid import UUID

from sqlalchemy.orm import Session

from hms import clock
from hms.scheduling.models import Appointment, AppointmentChange
from hms.scheduling.refusals import MoveNotAllowed


def move(session: Session, appointment: Appointment, status: str, *, actor_id: UUID | None, note: str = "") -> None:
    """Move a locked appointment and write the line of its history; :class:`MoveNotAllowed` if the table forbids it."""
    if not appointment.can_become(status):
        raise MoveNotAllowed("Someone has changed this appointment in the meantime. Look at it as it is now.")
    session.add(
        AppointmentChange(
            appointment_id=appointment.id,
            actor_id=actor_id,
            from_status=appointment.status,
            to_status=status,
            note=note,
            changed_at=clock.now(),
        )
    )
    appointment.status = status
