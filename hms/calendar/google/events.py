"""What an appointment looks like in Google Calendar: private, without a word about anybody's health."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app

from hms import clock, labels
from hms.scheduling.models import Appointment
from hms.web import formats
from hms.web.links import public_url

_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
MEET = "hangoutsMeet"


def event_id(appointment_id: UUID, *, user_id: UUID, generation: int) -> str:
    """The event's id at Google, the same whoever works it out: base32hex in lower case, as Google asks for."""
    digest = hashlib.sha256(f"appt:{appointment_id}:{user_id}:{generation}".encode()).digest()
    return base64.b32hexencode(digest).decode().rstrip("=").lower()


def event_of(appointment: Appointment, *, user_id: UUID) -> dict[str, Any]:
    """The event in the calendar of one of the appointment's two people, all but its id and its conference.

    The other person and the room, which may be that of one kind of doctor, are named only where the clinic wants that
    (``HMS_CALENDAR_DETAILS``).
    """
    is_doctors = user_id == appointment.doctor.user_id
    endpoint = "doctor.appointment" if is_doctors else "patient.appointment"
    other = appointment.patient.user if is_doctors else appointment.doctor.user
    page = public_url(endpoint, appointment_id=appointment.id)
    return {
        "summary": _summary(other.full_name),
        "description": f"Reference {formats.reference(appointment.reference)}.\nSee or cancel it: {page}",
        "location": _place(appointment),
        "start": _moment(appointment.starts_at),
        "end": _moment(appointment.ends_at),
        "visibility": "private",
        "extendedProperties": {"private": _marker(appointment.id, user_id)},
    }


def is_ours(event: Mapping[str, Any], *, appointment_id: UUID, user_id: UUID) -> bool:
    """Whether an event at Google carries the mark that we give ours."""
    properties = event.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, Mapping) else None
    return private == _marker(appointment_id, user_id)


def conference(request_id: str) -> dict[str, Any]:
    """Asks Google to make a Meet; the same ``request_id`` again makes no second one."""
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": {"type": MEET}}}


def meet_url_in(event: Mapping[str, Any]) -> str | None:
    """The address of the event's Meet; none while Google has not made it."""
    url = event.get("hangoutLink")
    return url if isinstance(url, str) and url.startswith("https://") and len(url) <= 300 else None


def _marker(appointment_id: UUID, user_id: UUID) -> dict[str, str]:
    return {"hms_appointment": str(appointment_id), "hms_user": str(user_id)}


def _summary(other: str) -> str:
    clinic = current_app.config["CLINIC_NAME"]
    if current_app.config["CALENDAR_DETAILS"]:
        return _plain(f"Appointment with {other} at {clinic}")
    return _plain(f"Appointment at {clinic}")


def _place(appointment: Appointment) -> str:
    room = appointment.doctor.room if current_app.config["CALENDAR_DETAILS"] else ""
    return _plain(labels.place(appointment.mode, room=room, clinic=current_app.config["CLINIC_NAME"]))


def _moment(moment: datetime) -> dict[str, str]:
    """A moment on the clinic's wall, with the zone, so that Google shows it as the clinic does."""
    zone = clock.clinic_zone()
    return {"dateTime": moment.astimezone(zone).isoformat(), "timeZone": zone.key}


def _plain(text: str) -> str:
    return _NOT_TEXT.sub(" ", text).strip()
