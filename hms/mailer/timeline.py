"""What became of each mail about an appointment, in words for staff."""

from typing import NamedTuple

from flask import current_app, render_template

from hms import clock, outbox
from hms.db import Model
from hms.mailer.composing import why_not
from hms.outbox import Fault, MessageStatus, OutboxMessage
from hms.web import formats

WHAT = {
    "BOOKING_CONFIRMATION": "Confirmation to the patient",
    "BOOKING_CONFIRMATION_DOCTOR": "Confirmation to the doctor",
    "BOOKING_CHANGE": "Change of time to the patient",
    "BOOKING_CHANGE_DOCTOR": "Change of time to the doctor",
    "BOOKING_CANCELLATION": "Cancellation to the patient",
    "BOOKING_CANCELLATION_DOCTOR": "Cancellation to the doctor",
    "APPOINTMENT_REMINDER": "Reminder to the patient",
    "STATUS_UPDATE": "Status to the patient",
}
KINDS = {
    MessageStatus.SENT: "ok",
    MessageStatus.DROPPED: "",
    MessageStatus.DEAD: "bad",
    MessageStatus.SENDING: "brand",
    MessageStatus.PENDING: "brand",
}

WAITING: dict[str, str] = {Fault.UNSURE: "May have been sent", Fault.LIMIT: "Held"}
KINDS_OF_STATES = {"May have been sent": "warn", "Came back": "bad", "Won’t be sent": "", "Held": "warn"}


class Line(NamedTuple):
    """One mail: what it is, a word and a colour for its state, and a sentence that says more."""

    what: str
    state: str
    kind: str
    detail: str


def messages_about(subject: Model) -> str:
    """The panel with the mails about an appointment; nothing before there is one."""
    lines = [line(message, subject) for message in outbox.timeline(subject.id) if message.kind == "email"]  # type: ignore[attr-defined]
    return render_template("mailer/_messages.html", lines=lines) if lines else ""


def line(message: OutboxMessage, subject: Model) -> Line:
    """One mail about ``subject`` in words."""
    state, detail = _state(message, subject)
    return Line(_what(message), state, KINDS_OF_STATES.get(state, KINDS[MessageStatus(message.status)]), detail)


def _what(message: OutboxMessage) -> str:
    message_type = outbox.type_of(message.payload, kind=message.kind)
    what = WHAT.get(message_type, message_type.replace("_", " ").capitalize())
    hours = message.payload.get("hours") if message_type == "APPOINTMENT_REMINDER" else None
    return f"{what}, {hours} hour{'' if hours == 1 else 's'} before" if hours else what


def _state(message: OutboxMessage, subject: Model) -> tuple[str, str]:
    if message.finished_at:
        return _end(message, formats.moment(message.finished_at))
    if reason := _why_not(message, subject):
        return "Won’t be sent", reason
    if not current_app.config["EMAIL_FUNCTION"]:
        return "Not sent", "Email is off."
    if message.attempts and message.status == MessageStatus.PENDING:
        detail = f"{message.last_error or ''} Next try {formats.moment(message.due_at)}{_tries(message)}."
        return WAITING.get(str(message.fault), "Will be tried again"), detail
    if message.due_at > clock.now() and message.status == MessageStatus.PENDING:
        return "Planned", f"For {formats.moment(message.due_at)}."
    return "Queued", "Leaves within seconds."


def _why_not(message: OutboxMessage, subject: Model) -> str:
    """Why a waiting mail will not be sent; empty if it will, and if it may have left already."""
    may_have_left = message.status != MessageStatus.PENDING or message.fault == Fault.UNSURE
    return "" if may_have_left else why_not(message.payload, subject)


def _end(message: OutboxMessage, at: str) -> tuple[str, str]:
    error = message.last_error or ""
    if message.fault == Fault.BOUNCED:
        return "Came back", f"{error} Sent {at}."
    if message.status == MessageStatus.SENT and message.fault == Fault.UNSURE:
        return "May have been sent", f"{error} {at}."
    if message.status == MessageStatus.SENT:
        return "Sent", f"{at}{_tries(message)}."
    if message.status == MessageStatus.DROPPED:
        return "Not sent", f"{error} {at}."
    return "Failed", f"{error} Given up {at}{_tries(message)}."


def _tries(message: OutboxMessage) -> str:
    return f", after {message.attempts} tries" if message.attempts > 1 else ""
