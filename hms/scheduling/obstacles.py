"""Why something cannot be done as things stand. A page says it before anybody tries, a service once it has locked."""

from hms import clock
from hms.errors import Refusal
from hms.scheduling import policies
from hms.scheduling.models import Appointment, AppointmentStatus, Slot, SlotStatus
from hms.scheduling.refusals import MoveNotAllowed, SlotPast, SlotTaken, TooLateToCancel, TooSoon


def to_booking(slot: Slot) -> Refusal | None:
    """Why this time cannot be booked; None when it can."""
    if slot.starts_at <= clock.now():
        return SlotPast()
    if slot.status != SlotStatus.FREE:
        return SlotTaken()
    if slot.starts_at < policies.bookable_from():
        return TooSoon(
            f"Times can be booked online until {policies.notice_words()} before they start. Call us instead."
        )
    return None


def to_cancelling(appointment: Appointment) -> Refusal | None:
    """Why the patient cannot cancel this appointment online; None when they can."""
    if appointment.status != AppointmentStatus.BOOKED:
        return MoveNotAllowed("This appointment has been marked already, so it cannot be cancelled.")
    if policies.patient_can_cancel(appointment):
        return None
    return TooLateToCancel(
        f"Your appointment starts in less than {policies.cancellation_words()}. Call reception and we will help."
    )
