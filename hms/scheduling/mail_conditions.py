"""Whether a mail that was queued about an appointment still holds: asked when it is sent, and when staff look.

Each check raises :class:`hms.outbox.Dropped` with the reason when it does not.
"""

from datetime import timedelta

from flask import current_app

from hms import clock, mailer, outbox
from hms.mailer import MailRequest
from hms.scheduling.models import Appointment, AppointmentStatus

TELLS_OF_IT = (
    "BOOKING_CONFIRMATION",
    "BOOKING_CONFIRMATION_DOCTOR",
    "BOOKING_CHANGE",
    "BOOKING_CHANGE_DOCTOR",
    "APPOINTMENT_REMINDER",
)
"""The mails from which somebody learns of an appointment."""


def check_as_requested(request: MailRequest, appointment: Appointment) -> None:
    """The appointment is still the one that the mail was queued for, and still to come."""
    if appointment.status == AppointmentStatus.CANCELLED:
        raise outbox.Dropped("The appointment was cancelled.")
    if appointment.version != request.version:
        raise outbox.Dropped("The appointment has changed since. Another email says how.")
    if appointment.starts_at <= clock.now():
        raise outbox.Dropped("The time of the appointment has come.")


def check_reminder(request: MailRequest, appointment: Appointment) -> None:
    """The patient has not come yet, the doctor is still here, and the patient wants to be reminded and is not
    reminded again before long."""
    check_as_requested(request, appointment)
    if appointment.status != AppointmentStatus.BOOKED:
        raise outbox.Dropped("The patient has already arrived.")
    if not appointment.doctor.user.is_active:
        raise outbox.Dropped("The doctor's account is closed.")
    if not appointment.patient.wants_reminders:
        raise outbox.Dropped("The patient has turned reminders off.")
    later = [hours for hours in current_app.config["REMINDER_HOURS"] if hours < request.extra["hours"]]
    if later and clock.now() >= appointment.starts_at - timedelta(hours=max(later)):
        raise outbox.Dropped("It’s too late: the next reminder takes its place.")


def check_cancellation(request: MailRequest, appointment: Appointment) -> None:
    """The visit would still be to come, and there is something to take back.

    Of a visit that came and went before anything was sent about it, who cancelled it and who never heard of it need no
    mail. A patient whose visit somebody else cancelled does.
    """
    if appointment.ends_at <= clock.now():
        raise outbox.Dropped("The time of the appointment has passed.")
    is_patients = request.message_type == "BOOKING_CANCELLATION"
    if is_patients and request.extra["cancelled_by"] != "patient":
        return
    if not mailer.was_notified(request, *TELLS_OF_IT):
        raise outbox.Dropped("It was cancelled before anything was sent about it.")
