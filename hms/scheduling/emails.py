"""The mails that scheduling promises. Each is a row in the outbox, written with the change that it tells of."""

from uuid import UUID

from hms import mailer
from hms.scheduling.models import Appointment


def booked(appointment: Appointment, *, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people of a new appointment."""
    _tell(appointment, "BOOKING_CONFIRMATION", to=patient_user_id)
    _tell(appointment, "BOOKING_CONFIRMATION_DOCTOR", to=doctor_user_id)


def cancelled(appointment: Appointment, *, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people that an appointment will not take place."""
    _tell(appointment, "BOOKING_CANCELLATION", to=patient_user_id)
    _tell(appointment, "BOOKING_CANCELLATION_DOCTOR", to=doctor_user_id)


def _tell(appointment: Appointment, message_type: str, *, to: UUID) -> None:
    mailer.send(message_type, about=appointment.id, to=to, version=appointment.version)
