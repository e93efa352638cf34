"""An appointment as iCalendar text (RFC 5545; the methods are those of RFC 5546).

Nothing here tells of anybody's health: no reason, no kind of doctor. The other person and the room, which may be that
of one kind of doctor, are named only where the clinic wants that (``HMS_CALENDAR_DETAILS``), in whatever form.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from flask import current_app
from icalendar import Alarm, Calendar, Event, vCalAddress, vDuration

from hms import clock, labels
from hms.auth.models import User
from hms.auth.queries import Account
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.web import formats
from hms.web.links import mailto, public_url

PRODUCT = "-//HMS//Appointments//EN"
GOOGLE = "https://calendar.google.com/calendar/render"
FOLDED_FROM_BYTES = 75  # a line that is shorter stays as it is (RFC 5545, 3.1)
ASK_AGAIN = timedelta(hours=1)
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def for_patient(appointment: Appointment) -> bytes:
    """The file that a patient takes to a calendar."""
    return _file(appointment, to=appointment.patient.user)


def for_doctor(appointment: Appointment) -> bytes:
    """The file that a doctor takes to a calendar."""
    return _file(appointment, to=appointment.doctor.user)


def invitation(appointment: Appointment, method: str, *, to: User) -> str:
    """What a mail to one of the two carries: ``REQUEST`` puts it into a calendar, ``CANCEL`` takes it out.

    ``to`` is its only attendee, and has said yes by booking or offering the time, so that no calendar asks again. The
    email function puts the address that reads answers in the organizer's place.
    """
    return _file(appointment, to=to, method=method).decode()


def feed(user: User, entries: Iterable[tuple[Appointment, datetime]]) -> bytes:
    """All appointments of one person as one calendar; the same bytes for as long as none of them changes.

    Each comes with the moment of its last change.
    """
    calendar = _calendar()
    calendar.add("x-wr-calname", _plain(current_app.config["CLINIC_NAME"]))
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"value": "DURATION"})  # RFC 7986, 5.7
    calendar.add("x-published-ttl", vDuration(ASK_AGAIN))  # what Outlook reads instead
    for appointment, changed_at in entries:
        calendar.add_component(_feed_event(appointment, changed_at, user=user))
    return _written(calendar)


def _feed_event(appointment: Appointment, changed_at: datetime, *, user: User) -> Event:
    event = _event(appointment, to=user, stamped_at=changed_at)
    event.add("last-modified", changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("class", "PRIVATE")
    return event


def google_link(appointment: Appointment, *, to: User | Account) -> str:
    """A page of Google Calendar with the event filled in, to be saved there by hand."""
    moments = (appointment.starts_at.astimezone(UTC), appointment.ends_at.astimezone(UTC))
    query = {
        "action": "TEMPLATE",
        "text": _title(),
        "dates": "/".join(f"{moment:%Y%m%dT%H%M%SZ}" for moment in moments),
        "details": _description(appointment, to=to),
        "location": _place(appointment),
    }
    return f"{GOOGLE}?{urlencode(query)}"


def filename(appointment: Appointment) -> str:
    """``appointment-7KQ4M2PX.ics``."""
    return f"appointment-{appointment.reference}.ics"


def uid(appointment: Appointment) -> str:
    """The name of the event in every calendar, for ever: what has it already is changed and not doubled."""
    return f"{appointment.id}@{urlsplit(current_app.config['PUBLIC_URL']).hostname}"


def _calendar() -> Calendar:
    """A calendar without a METHOD: it is no message, and a METHOD would ask for an organizer (RFC 5546, 3.2.1)."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    return calendar


def _written(calendar: Calendar) -> bytes:
    """The calendar's text. The library looks for a place to fold letter by letter, also in lines that need none."""
    lines = ((line, line.encode()) for line in calendar.content_lines() if line)
    return b"".join((text if len(text) < FOLDED_FROM_BYTES else line.to_ical()) + b"\r\n" for line, text in lines)


def _file(appointment: Appointment, *, to: User, method: str = "") -> bytes:
    calendar, event = _calendar(), _event(appointment, to=to)
    if method:
        calendar.add("method", method)
        event.add("organizer", _organizer())
        event.add("attendee", _attendee(to))
    calendar.add_component(event)
    return _written(calendar)


def _event(appointment: Appointment, *, to: User, stamped_at: datetime | None = None) -> Event:
    """The event as one of the two sees it; files, mails and feeds all tell the same."""
    is_cancelled = appointment.status == AppointmentStatus.CANCELLED
    event = Event()
    event.add("uid", uid(appointment))
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", (stamped_at or clock.now()).astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", _title())
    event.add("location", _place(appointment))
    event.add("description", _description(appointment, to=to))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("url", _page(appointment, to=to))
    if not is_cancelled and (hours := _alarm_hours(appointment, to=to)):
        event.add_component(_alarm(hours))
    return event


def _alarm_hours(appointment: Appointment, *, to: User) -> int:
    """How long before the visit the calendar reminds its patient: as our last mail does. 0 for who wants none."""
    patient = appointment.patient
    wants = patient.user_id == to.id and patient.wants_reminders
    return min(current_app.config["REMINDER_HOURS"], default=0) if wants else 0


def _alarm(hours: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _title())
    alarm.add("trigger", -timedelta(hours=hours))
    return alarm


def _organizer() -> vCalAddress:
    """The clinic: neither of the two people learns the other's address. Only the email function knows one of ours."""
    organizer = vCalAddress(mailto(f"noreply@{urlsplit(current_app.config['PUBLIC_URL']).hostname}"))
    organizer.params["CN"] = _plain(current_app.config["CLINIC_NAME"])
    return organizer


def _attendee(user: User) -> vCalAddress:
    attendee = vCalAddress(mailto(user.email))
    attendee.params["CN"] = _plain(user.full_name)
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _title() -> str:
    return _plain(f"Appointment, {current_app.config['CLINIC_NAME']}")


def _is_doctors(appointment: Appointment, to: User | Account) -> bool:
    return appointment.doctor.user_id == to.id


def _page(appointment: Appointment, *, to: User | Account) -> str:
    endpoint = "doctor.appointment" if _is_doctors(appointment, to) else "patient.appointment"
    return public_url(endpoint, appointment_id=appointment.id)


def _place(appointment: Appointment) -> str:
    room = appointment.doctor.room if current_app.config["CALENDAR_DETAILS"] else ""
    return _plain(labels.place(appointment.mode, room=room, clinic=current_app.config["CLINIC_NAME"]))


def _description(appointment: Appointment, *, to: User | Account) -> str:
    other = (appointment.patient if _is_doctors(appointment, to) else appointment.doctor).user
    lines = [
        f"With {_plain(other.full_name)}." if current_app.config["CALENDAR_DETAILS"] else "",
        f"Reference {formats.reference(appointment.reference)}.",
        f"See or cancel it: {_page(appointment, to=to)}",
        f"Questions? Call {_plain(formats.phone(current_app.config['CLINIC_PHONE']))}.",
    ]
    return "\n".join(filter(None, lines))


def _plain(text: str) -> str:
    """Text on one line, without characters that would end it for some reader of the file."""
    return _NOT_TEXT.sub(" ", text).strip()
