"""The mails about appointments: queued with the change that they tell of, composed when they are sent.

No mail says why the patient comes, or to which kind of doctor.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from flask import Flask, current_app

from hms import clock, labels, mailer, outbox
from hms.auth import tokens
from hms.auth.models import User
from hms.mailer import Mail, MailRequest
from hms.scheduling import appointment_rules, mail_conditions, queries
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.signals import Left
from hms.web import formats
from hms.web.links import public_url


class Invitation(Protocol):
    """Makes iCalendar text (RFC 5545) of an appointment, for one of its two people."""

    def __call__(self, appointment: Appointment, method: str, *, to: User) -> str:
        """The text with the METHOD (RFC 5546) ``REQUEST`` or ``CANCEL``; ``to`` is its only attendee."""


STATUS_DELAY = timedelta(minutes=10)
"""A mark can be a slip of the hand; who takes it back within ten minutes has told nobody."""

STATUS_LASTS = timedelta(days=2)
"""After that, the status of a visit is no news: mail was away, or switched on only now."""

TOLD = (AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW)
"""The statuses that a mail tells."""


# -- queueing ------------------------------------------------------------------------------------------------------


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


def moved_to_another_doctor(appointment: Appointment, *, from_moment_text: str, left: Left, by: str) -> None:
    """Tell the patient of the new time, the new doctor of a visit, and the one before that it will not take place."""
    patient_user_id = appointment.patient.user_id
    _tell(appointment, "BOOKING_CHANGE", to=patient_user_id, extra={"old_when": from_moment_text})
    _tell(appointment, "BOOKING_CONFIRMATION_DOCTOR", to=appointment.doctor.user_id)
    extra = {"cancelled_by": by, "left": left.as_stored()}
    _tell(appointment, "BOOKING_CANCELLATION_DOCTOR", to=left.doctor_user_id, extra=extra)
    _remind(appointment, to=patient_user_id)


def cancelled(appointment: Appointment, *, by: str, patient_user_id: UUID, doctor_user_id: UUID) -> None:
    """Tell both people that an appointment will not take place; ``by`` is ``patient``, ``doctor`` or ``clinic``."""
    extra = {"cancelled_by": by}
    _tell(appointment, "BOOKING_CANCELLATION", to=patient_user_id, extra=extra)
    _tell(appointment, "BOOKING_CANCELLATION_DOCTOR", to=doctor_user_id, extra=extra)


def marked(appointment: Appointment, *, patient_user_id: UUID) -> None:
    """Tell the patient how the visit was marked just now, unless the mark is taken back before long."""
    if appointment.status not in TOLD:
        return
    marked_at = clock.now()
    mailer.send(
        "STATUS_UPDATE",
        about=appointment.id,
        to=patient_user_id,
        version=appointment.version,
        occasion=f"{marked_at:%Y%m%dT%H%M%S.%f}",
        due_at=marked_at + STATUS_DELAY,
        extra={"status": appointment.status, "marked_at": marked_at.isoformat()},
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


# -- composing -----------------------------------------------------------------------------------------------------


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
        mailer.compose_with(app, message_type, composer, has_daily_limit=True)
    for message_type in mail_conditions.TELLS_OF_IT:
        is_reminder = message_type == "APPOINTMENT_REMINDER"
        mailer.foresee_with(
            app, message_type, mail_conditions.check_reminder if is_reminder else mail_conditions.check_as_requested
        )


def invite_with(app: Flask, invitation: Invitation) -> None:
    """Let mails carry what ``invitation`` makes; the calendar capability, which stands above this one, gives it."""
    app.extensions["hms.invitation"] = invitation


def _confirmation(request: MailRequest) -> Mail:
    appointment = _as_requested(request)
    invitation = _invitation(request, appointment, "REQUEST")
    return _mail(request, appointment, **invitation, **_how_to_cancel(request, appointment))


def _change(request: MailRequest) -> Mail:
    appointment = _as_requested(request)
    moved_from = {"old_when": request.extra["old_when"]}
    invitation = _invitation(request, appointment, "REQUEST")
    return _mail(request, appointment, **moved_from, **invitation, **_how_to_cancel(request, appointment))


def _cancellation(request: MailRequest) -> Mail:
    appointment = _as_left(request, queries.load_appointment(request.about))
    mail_conditions.check_cancellation(request, appointment)
    withdrawal = _invitation(request, appointment, "CANCEL")
    return _mail(
        request,
        appointment,
        cancelled_by=request.extra["cancelled_by"],
        **withdrawal,
        **_another_time(request, appointment),
    )


def _as_left(request: MailRequest, appointment: Appointment) -> Appointment:
    """The appointment; for a doctor whom it has left, as it was with that doctor, and cancelled."""
    if (left := request.extra.get("left")) is None:
        return appointment
    return Appointment(
        id=appointment.id,
        reference=appointment.reference,
        doctor=queries.load_doctor(UUID(left["doctor_id"])),
        patient=appointment.patient,
        starts_at=datetime.fromisoformat(left["starts_at"]),
        ends_at=datetime.fromisoformat(left["ends_at"]),
        mode=appointment.mode,
        status=AppointmentStatus.CANCELLED,
        version=request.version,
    )


def _reminder(request: MailRequest) -> Mail:
    appointment = queries.load_appointment(request.about)
    mail_conditions.check_reminder(request, appointment)
    token = tokens.make(tokens.Purpose.STOP_REMINDERS, appointment.patient.user)
    off = {"unsubscribe_url": public_url("reminders.off", token=token)}
    return _mail(request, appointment, starts_text=_starts(appointment), **off, **_how_to_cancel(request, appointment))


def _status_update(request: MailRequest) -> Mail:
    appointment = queries.load_appointment(request.about)
    marked_at = datetime.fromisoformat(request.extra["marked_at"])
    if appointment.status != request.extra["status"] or queries.has_changed_since(appointment, marked_at):
        raise outbox.Dropped("The mark was taken back.")
    if clock.now() >= marked_at + STATUS_LASTS:
        raise outbox.Dropped("It’s too late to send this.")
    return _mail(request, appointment, status=labels.STATUSES[appointment.status])


def _as_requested(request: MailRequest) -> Appointment:
    """The appointment, if it is still the one that the mail was queued for, and still to come."""
    appointment = queries.load_appointment(request.about)
    mail_conditions.check_as_requested(request, appointment)
    return appointment


def _mail(request: MailRequest, appointment: Appointment, **more: Any) -> Mail:
    """The mail with what every mail about an appointment says."""
    patient, doctor = appointment.patient.user, appointment.doctor.user
    recipient = _recipient(request, appointment)
    to_doctor = recipient is doctor
    if not recipient.is_active and not _is_for_all(request, recipient):
        raise outbox.Dropped("The account is closed.")
    other = {"patient_name": patient.full_name} if to_doctor else {"doctor_name": doctor.full_name}
    page = "doctor.appointment" if to_doctor else "patient.appointment"
    data = {
        **mailer.clinic(),
        "recipient_name": recipient.full_name,
        "when": when_text(appointment),
        "when_short": f"{formats.short_day(appointment.starts_at)}, {formats.time(appointment.starts_at)}",
        "where": labels.place(appointment.mode, room=appointment.doctor.room, clinic=current_app.config["CLINIC_NAME"]),
        "reference": formats.reference(appointment.reference),
        "action_url": public_url(page, appointment_id=appointment.id),
        **other,
        **more,
    }
    return Mail(recipient.email, data)


def _is_for_all(request: MailRequest, recipient: User) -> bool:
    """Whether it goes to a closed account, too: its patient would come for nothing if nobody told them."""
    by_clinic = request.extra.get("cancelled_by") == "clinic"
    return by_clinic and recipient.patient is not None and recipient.email_verified_at is not None


def _recipient(request: MailRequest, appointment: Appointment) -> User:
    people = (appointment.patient.user, appointment.doctor.user)
    for user in people:
        if user.id == request.to:
            return user
    raise outbox.PermanentFailure("The message is for someone who has no part in the appointment.")


def _starts(appointment: Appointment) -> str:
    """``tomorrow, Thursday 26 November, at 09:40``, as it goes on after "Your appointment is"."""
    day, plain = formats.near_day(appointment.starts_at), formats.plain_day(appointment.starts_at)
    words = f"on {plain}" if day == plain else day[0].lower() + day[1:]
    return f"{words}, at {formats.time(appointment.starts_at)}"


def when_text(appointment: Appointment) -> str:
    """``Thursday 26 November 2026, 09:40 to 10:00, London time (GMT)``."""
    times = f"{formats.time(appointment.starts_at)} to {formats.time(appointment.ends_at)}"
    return f"{formats.day(appointment.starts_at)}, {times}, {formats.zone_name(appointment.starts_at)}"


def _how_to_cancel(request: MailRequest, appointment: Appointment) -> dict[str, str]:
    """For the patient, while there is time: where to cancel and to change the time, and until when each."""
    if request.to != appointment.patient.user_id:
        return {}
    changes = queries.count_changes_by(request.to, appointment)
    may_change = appointment_rules.patient_can_change(appointment, changes=changes)
    return {
        **_act("cancel", appointment, until=appointment_rules.can_cancel_until(appointment)),
        **_act("change", appointment, until=appointment_rules.change_until(appointment) if may_change else None),
    }


def _act(view: str, appointment: Appointment, *, until: datetime | None) -> dict[str, str]:
    if until is None:
        return {}
    address = public_url(f"patient.{view}", appointment_id=appointment.id)
    return {f"{view}_url": address, f"{view}_until": f"{formats.moment(until)}, {formats.zone_name(until)}"}


def _another_time(request: MailRequest, appointment: Appointment) -> dict[str, str]:
    """For the patient: where to choose another time instead of the cancelled one, and the appointment's own page."""
    if request.to != appointment.patient.user_id:
        return {}
    doctor = appointment.doctor
    return {
        "action_url": public_url("directory.doctor", doctor_id=doctor.id)
        if doctor.is_bookable
        else public_url("directory.doctors"),
        "details_url": public_url("patient.appointment", appointment_id=appointment.id),
    }


def _invitation(request: MailRequest, appointment: Appointment, method: str) -> dict[str, str]:
    make: Invitation = current_app.extensions["hms.invitation"]
    return {
        "ics": make(appointment, method, to=_recipient(request, appointment)),
        "ics_method": method,
        "ics_filename": f"appointment-{appointment.reference}.ics",
    }
