"""An appointment as iCalendar text (RFC 5545; the methods are those of RFC 5546).

Nothing here tells of anybody's health: no reason, no kind of doctor.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from flask import current_app
from icalendar import Calendar, Event, vCalAddress, vDuration

from hms import clock
from hms.auth.models import User
from hms.scheduling.models import Appointment, AppointmentStatus, Mode
from hms.web import formats
from hms.web.links import public_url

PRODUCT = "-//HMS//Appointments//EN"
GOOGLE = "https://calendar.google.com/calendar/render"
ASK_AGAIN = timedelta(hours=1)
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def for_patient(appointment: Appointment) -> bytes:
    """The file that a patient takes to a calendar: it names the doctor."""
    page = public_url("patient.appointment", appointment_id=appointment.id)
    return _file(appointment, method="PUBLISH", other=appointment.doctor.user.full_name, page=page)


def for_doctor(appointment: Appointment) -> bytes:
    """The file that a doctor takes to a calendar: it names nobody, as others may see that calendar."""
    return _file(appointment, method="PUBLISH", page=public_url("doctor.appointment", appointment_id=appointment.id))


def invitation(appointment: Appointment, method: str, *, to: User) -> str:
    """What a mail to one of the two carries: ``REQUEST`` puts it into a calendar, ``CANCEL`` takes it out.

    ``to`` is its only attendee, and has said yes by booking or offering the time, so that no calendar asks again.
    """
    return _file(appointment, method=method, attendee=to).decode()


def feed(user: User, entries: Iterable[tuple[Appointment, datetime]]) -> bytes:
    """All appointments of one person as one calendar; the same bytes for as long as none of them changes.

    Each comes with the moment of its last change. The other person and the room, which may be that of one kind of
    doctor, are named only where the clinic wants that (``HMS_CALENDAR_DETAILS``).
    """
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _plain(current_app.config["CLINIC_NAME"]))
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"value": "DURATION"})  # RFC 7986, 5.7
    calendar.add("x-published-ttl", vDuration(ASK_AGAIN))  # what Outlook reads instead
    for appointment, changed_at in entries:
        calendar.add_component(_feed_event(appointment, changed_at, user=user))
    return bytes(calendar.to_ical())


def _feed_event(appointment: Appointment, changed_at: datetime, *, user: User) -> Event:
    is_doctors = appointment.doctor.user_id == user.id
    endpoint = "doctor.appointment" if is_doctors else "patient.appointment"
    other = appointment.patient.user if is_doctors else appointment.doctor.user
    tells_more = current_app.config["CALENDAR_DETAILS"]
    event = _event(
        appointment,
        other=other.full_name if tells_more else "",
        place=_place(appointment, has_room=tells_more),
        page=public_url(endpoint, appointment_id=appointment.id),
        stamped_at=changed_at,
    )
    event.add("last-modified", changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("class", "PRIVATE")
    return event


def google_link(appointment: Appointment) -> str:
    """A page of Google Calendar with the event filled in, to be saved there by hand; it names no person and no room."""
    moments = (appointment.starts_at.astimezone(UTC), appointment.ends_at.astimezone(UTC))
    query = {
        "action": "TEMPLATE",
        "text": _title(),
        "dates": "/".join(f"{moment:%Y%m%dT%H%M%SZ}" for moment in moments),
        "details": f"Reference {formats.reference(appointment.reference)}",
        "location": _place(appointment, has_room=False),
    }
    return f"{GOOGLE}?{urlencode(query)}"


def filename(appointment: Appointment) -> str:
    """``appointment-7KQ4M2PX.ics``."""
    return f"appointment-{appointment.reference}.ics"


def uid(appointment: Appointment) -> str:
    """The name of the event in every calendar, for ever: what has it already is changed and not doubled."""
    return f"{appointment.id}@{urlsplit(current_app.config['PUBLIC_URL']).hostname}"


def _file(
    appointment: Appointment, *, method: str, other: str = "", page: str = "", attendee: User | None = None
) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("method", method)
    event = _event(appointment, other=other, place=_place(appointment, has_room=True), page=page)
    if attendee:
        event.add("organizer", _organizer())
        event.add("attendee", _attendee(attendee))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(appointment: Appointment, *, other: str, place: str, page: str, stamped_at: datetime | None = None) -> Event:
    event = Event()
    event.add("uid", uid(appointment))
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", (stamped_at or clock.now()).astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", appointment.starts_at.astimezone(UTC))
    event.add("dtend", appointment.ends_at.astimezone(UTC))
    event.add("summary", _title())
    event.add("location", place)
    event.add("description", _description(appointment, other=other, page=page))
    event.add("status", "CANCELLED" if appointment.status == AppointmentStatus.CANCELLED else "CONFIRMED")
    if page:
        event.add("url", page)
    return event


def _organizer() -> vCalAddress:
    """The clinic, under an address that no mail goes to: neither of the two people learns the other's."""
    organizer = vCalAddress(f"mailto:noreply@{urlsplit(current_app.config['PUBLIC_URL']).hostname}")
    organizer.params["CN"] = _plain(current_app.config["CLINIC_NAME"])
    return organizer


def _attendee(user: User) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{_plain(user.email)}")
    attendee.params["CN"] = _plain(user.full_name)
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _title() -> str:
    return _plain(f"Appointment, {current_app.config['CLINIC_NAME']}")


def _place(appointment: Appointment, *, has_room: bool) -> str:
    if appointment.mode == Mode.ONLINE:
        return "Online"
    parts = [appointment.doctor.room if has_room else "", current_app.config["CLINIC_NAME"]]
    return _plain(", ".join(filter(None, parts)))


def _description(appointment: Appointment, *, other: str, page: str) -> str:
    lines = [
        f"With {_plain(other)}." if other else "",
        f"Reference {formats.reference(appointment.reference)}.",
        f"Look at it or cancel it: {page}" if page else "",
        f"Questions? Call {_plain(current_app.config['CLINIC_PHONE'])}.",
    ]
    return "\n".join(filter(None, lines))


def _plain(text: str) -> str:
    """Text on one line, without characters that would end it for some reader of the file."""
    return _NOT_TEXT.sub(" ", text).strip()
