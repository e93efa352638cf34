"""What the audit log is told of appointments by their news; moves from status to status are told of by ``history``."""

from hms import audit
from hms.scheduling import signals
from hms.scheduling.models import Appointment


def init_app() -> None:
    """Listen to the news."""
    signals.appointment_booked.connect(_booked)
    signals.appointment_moved.connect(_moved)


def _booked(appointment: Appointment, **_: object) -> None:
    audit.record("appointment-booked", subject=("appointment", appointment.id), patient_id=appointment.patient_id)


def _moved(appointment: Appointment, **_: object) -> None:
    audit.record("appointment-moved", subject=("appointment", appointment.id), patient_id=appointment.patient_id)
