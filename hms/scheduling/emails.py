"""The mails about appointments: promised with the change that they tell of, gathered when they are sent.

No mail says why the patient comes, or to which kind of doctor.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask, current_app

from hms import clock, mailer, outbox
from hms.mailer import Mail, Promise
from hms.scheduling import policies, queries
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.web import formats
from hms.web.links import public_url

Invitation = Callable[[Appointment, str], str]
"""An appointment as iCalendar text (RFC 5545) with the given METHOD (RFC 5546): ``REQUEST`` or ``CANCEL``."""

STATUS_DELAY = timedelta(minutes=10)
"""A mark can be a slip of the hand; who takes it back within ten minutes has told nobody."""

STATUS_WORDS = {AppointmentStatus.FULFILLED: "Completed", AppointmentStatus.NOSHOW: "Did not attend"}


# -- promising -----------------------------------------------------------------------------------------------------


def booked(appointment: Appointment, *, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people of a new appointment, and remind the patient before it."""
    _tell(appointment, "BOOKING_CONFIRMATION", to=patient_user_id)
    _tell(appointment, "BOOKING_CONFIRMATION_DOCTOR", to=doctor_user_id)
    _remind(appointment, to=patient_user_id)


def moved(appointment: Appointment, *, from_moment_text: str, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people that an appointment has another time; ``from_moment_text`` says which one it had."""
    extra = {"old_when": from_moment_text}
    _tell(appointment, "BOOKING_CHANGE", to=patient_user_id, extra=extra)
    _tell(appointment, "BOOKING_CHANGE_DOCTOR", to=doctor_user_id, extra=extra)
    _remind(appointment, to=patient_user_id)


def cancelled(appointment: Appointment, *, by: str, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people that an appointment will not take place; ``by`` is ``patient`` or ``doctor``."""
    extra = {"cancelled_by": by}
    _tell(appointment, "BOOKING_CANCELLATION", to=patient_user_id, extra=extra)
    _tell(appointment, "BOOKING_CANCELLATION_DOCTOR", to=doctor_user_id, extra=extra)


def marked(appointment: Appointment, *, patient_user_id: UUID) -> None:
    """Tell the patient how the visit was marked, unless the mark is taken back before long."""
    if appointment.status not in STATUS_WORDS:
        return
    mailer.send(
        "STATUS_UPDATE",
        about=appointment.id,
        to=patient_user_id,
        version=appointment.version,
        occasion=appointment.status,
        due_at=clock.now() + STATUS_DELAY,
        extra={"status": appointment.status},
    )


def _tell(appointment: Appointment, message_type: str, *, to: UUID, extra: dict[str, Any] | None = None) -> None:
    mailer.send(message_type, about=appointment.id, to=to, version=appointment.version, extra=extra)


def _remind(appointment: Appointment, *, to: UUID) -> None:
    """A reminder for each configured number of hours that is still to come. Whether it holds is decided when sent."""
    for hours in current_app.config["REMINDER_HOURS"]:
        due_at = appointment.starts_at - timedelta(hours=hours)
        if due_at > clock.now():
            mailer.send(
                "APPOINTMENT_REMINDER",
                about=appointment.id,
                to=to,
                version=appointment.version,
                occasion=f"{hours}h",
                due_at=due_at,
                extra={"hours": hours},
            )


# -- gathering -----------------------------------------------------------------------------------------------------


def init_app(app: Flask) -> None:
    """Register the composer of each mail."""
    composers = {
        "BOOKING_CONFIRMATION": _confirmation,
        "BOOKING_CONFIRMATION_DOCTOR": _confirmation,
        "BOOKING_CHANGE": _change,
        "BOOKING_CHANGE_DOCTOR": _change,
        "BOOKING_CANCELLATION": _cancellation,
        "BOOKING_CANCELLATION_DOCTOR": _cancellation,
        "APPOINTMENT_REMINDER": _reminder,
        "STATUS_UPDATE": _status_update,
    }
    for message_type, composer in composers.items():
        mailer.compose_with(app, message_type, composer)


def invite_with(app: Flask, invitation: Invitation) -> None:
    """Let mails carry what ``invitation`` makes; the calendar capability, which stands above this one, gives it."""
    app.extensions["hms.invitation"] = invitation


def _confirmation(promise: Promise) -> Mail:
    appointment = _as_promised(promise)
    return _mail(promise, appointment, **_invitation(appointment, "REQUEST"), **_how_to_cancel(promise, appointment))


def _change(promise: Promise) -> Mail:
    appointment = _as_promised(promise)
    moved_from = {"old_when": promise.extra["old_when"]}
    invitation = _invitation(appointment, "REQUEST")
    return _mail(promise, appointment, **moved_from, **invitation, **_how_to_cancel(promise, appointment))


def _cancellation(promise: Promise) -> Mail:
    appointment = queries.load_appointment(promise.about)
    if appointment.ends_at <= clock.now():
        raise outbox.Dropped("The time of the appointment has passed.")
    withdrawal = _invitation(appointment, "CANCEL")
    return _mail(promise, appointment, cancelled_by=promise.extra["cancelled_by"], **withdrawal)


def _reminder(promise: Promise) -> Mail:
    appointment = _as_promised(promise)
    if not appointment.patient.wants_reminders:
        raise outbox.Dropped("The patient has switched reminders off.")
    later = [hours for hours in current_app.config["REMINDER_HOURS"] if hours < promise.extra["hours"]]
    if later and clock.now() >= appointment.starts_at - timedelta(hours=max(later)):
        raise outbox.Dropped("It is so late that the next reminder takes its place.")
    starts_text = f"{formats.near_day(appointment.starts_at)} at {formats.time(appointment.starts_at)}"
    return _mail(promise, appointment, starts_text=starts_text, **_how_to_cancel(promise, appointment))


def _status_update(promise: Promise) -> Mail:
    appointment = queries.load_appointment(promise.about)
    if appointment.status != promise.extra["status"]:
        raise outbox.Dropped("The mark was taken back.")
    return _mail(promise, appointment, status=STATUS_WORDS[AppointmentStatus(appointment.status)])


def _as_promised(promise: Promise) -> Appointment:
    """The appointment, if it is still the one that the mail was promised for, and still to come."""
    appointment = queries.load_appointment(promise.about)
    if appointment.status == AppointmentStatus.CANCELLED:
        raise outbox.Dropped("The appointment was cancelled.")
    if appointment.version != promise.version:
        raise outbox.Dropped("The appointment has changed since; another message tells of it.")
    if appointment.starts_at <= clock.now():
        raise outbox.Dropped("The time of the appointment has come.")
    return appointment


def _mail(promise: Promise, appointment: Appointment, **more: Any) -> Mail:
    """The mail with what every mail about an appointment says."""
    patient, doctor = appointment.patient.user, appointment.doctor.user
    to_doctor = promise.to == doctor.id
    recipient = doctor if to_doctor else patient
    if not recipient.is_active:
        raise outbox.Dropped("The account is closed.")
    other = {"patient_name": patient.full_name} if to_doctor else {"doctor_name": doctor.full_name}
    page = "doctor.appointment" if to_doctor else "patient.appointment"
    data = {
        **mailer.clinic(),
        "recipient_name": recipient.full_name,
        "when": _when(appointment),
        "when_short": f"{formats.short_day(appointment.starts_at)}, {formats.time(appointment.starts_at)}",
        "where": _where(appointment),
        "reference": formats.reference(appointment.reference),
        "action_url": public_url(page, appointment_id=appointment.id),
        **other,
        **more,
    }
    return Mail(recipient.email, data)


def _when(appointment: Appointment) -> str:
    times = f"{formats.time(appointment.starts_at)} to {formats.time(appointment.ends_at)}"
    return f"{formats.day(appointment.starts_at)}, {times}, {formats.zone_name(appointment.starts_at)}"


def _where(appointment: Appointment) -> str:
    clinic = current_app.config["CLINIC_NAME"]
    return f"{appointment.doctor.room}, {clinic}" if appointment.doctor.room else clinic


def _how_to_cancel(promise: Promise, appointment: Appointment) -> dict[str, str]:
    """For the patient, while there is time: where to cancel, and until when."""
    if promise.to != appointment.patient.user_id or not policies.patient_can_cancel(appointment):
        return {}
    return {
        "cancel_url": public_url("patient.cancel", appointment_id=appointment.id),
        "cancel_until": formats.moment(policies.cancel_until(appointment)),
    }


def _invitation(appointment: Appointment, method: str) -> dict[str, str]:
    make: Invitation = current_app.extensions["hms.invitation"]
    return {
        "ics": make(appointment, method),
        "ics_method": method,
        "ics_filename": f"appointment-{appointment.reference}.ics",
    }
