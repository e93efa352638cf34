"""One good event of every type, as HMS would send it."""

import copy
from typing import Any

_CALENDAR_LINES = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//HMS//EN",
    "METHOD:{method}",
    "BEGIN:VEVENT",
    "UID:7b1a2c3d@clinic.example",
    "SEQUENCE:{sequence}",
    "DTSTAMP:20261120T100000Z",
    "DTSTART:20261126T094000Z",
    "DTEND:20261126T100000Z",
    "SUMMARY:Appointment at Northgate Hospital 👋 مرحبا",
    "STATUS:{status}",
    "ORGANIZER:mailto:no-reply@clinic.example",
    "ATTENDEE:mailto:asha@patients.example",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
]
CALENDAR = "\r\n".join(_CALENDAR_LINES)

EVERY = {"clinic_name": "Northgate Hospital", "clinic_phone": "020 7946 0100", "recipient_name": "Asha Rao"}
LINK = {
    "action_url": "https://clinic.example/verify/Zm9v?next=%2Fpatient&x=1",
    "expires_text": "until Friday 27 November 2026, 09:40 (UK time)",
}
VISIT = {
    "when": "Thursday 26 November 2026, 09:40 (UK time)",
    "when_short": "Thu 26 Nov, 09:40",
    "where": "Northgate Hospital, Heart Centre, level 2, room 4",
    "reference": "7KQ4-M2PX",
    "action_url": "https://clinic.example/patient/appointments/0192f0aa-1111-7222-8333-444455556666",
}
WITH_DOCTOR = {**VISIT, "doctor_name": "Dr Ines Weiss"}
OF_PATIENT = {**VISIT, "patient_name": "Asha Rao", "recipient_name": "Dr Ines Weiss"}
MOVED = {"old_when": "Wednesday 25 November 2026, 11:00 (UK time)"}
SELF_CANCEL = {
    "cancel_url": "https://clinic.example/patient/appointments/0192f0aa-1111-7222-8333-444455556666/cancel",
    "cancel_until": "Wednesday 25 November 2026, 09:40 (UK time)",
}
SELF_CHANGE = {
    "change_url": "https://clinic.example/patient/appointments/0192f0aa-1111-7222-8333-444455556666/change",
    "change_until": "Wednesday 25 November 2026, 08:40 (London time)",
}
SELF_SERVICE = {**SELF_CANCEL, **SELF_CHANGE}


def calendar(method: str, *, sequence: int = 0) -> dict[str, str]:
    """Return the three keys that carry a calendar file."""
    status = "CANCELLED" if method == "CANCEL" else "CONFIRMED"
    text = CALENDAR.format(method=method, sequence=sequence, status=status)
    return {"ics": text, "ics_method": method, "ics_filename": "appointment-7KQ4-M2PX.ics"}


_DATA: dict[str, dict[str, Any]] = {
    "SIGN_UP_CODE": {**LINK, "code": "012345"},
    "SIGNUP_WELCOME": {"action_url": LINK["action_url"]},
    "EMAIL_VERIFICATION": LINK,
    "PASSWORD_RESET": LINK,
    "PASSWORD_CHANGED": {"action_url": LINK["action_url"], "changed_text": "Thursday 26 November 2026, 09:40"},
    "DOCTOR_CHANGES_DECIDED": {"action_url": LINK["action_url"], "decision": "rejected"},
    "ACCESS_GRANTED": {"action_url": LINK["action_url"], "what": "feed"},
    "SECURITY_ALERT": {"action_url": "https://clinic.example/admin/activity", "what": "chain_broken"},
    "SECURITY_NOTICE": {
        "action_url": LINK["action_url"],
        "what": "new-device",
        "when_text": "Thursday 26 November 2026, 09:40",
    },
    "DOCTOR_APPROVED": {"action_url": "https://clinic.example/doctor/calendar"},
    "BOOKING_CONFIRMATION": {**WITH_DOCTOR, **calendar("REQUEST")},
    "BOOKING_CONFIRMATION_DOCTOR": {**OF_PATIENT, **calendar("REQUEST")},
    "BOOKING_CANCELLATION": {**WITH_DOCTOR, **calendar("CANCEL", sequence=2), "cancelled_by": "patient"},
    "BOOKING_CANCELLATION_DOCTOR": {**OF_PATIENT, **calendar("CANCEL", sequence=2), "cancelled_by": "patient"},
    "BOOKING_CHANGE": {**WITH_DOCTOR, **MOVED, **calendar("REQUEST", sequence=1)},
    "BOOKING_CHANGE_DOCTOR": {**OF_PATIENT, **MOVED, **calendar("REQUEST", sequence=1)},
    "APPOINTMENT_REMINDER": {**WITH_DOCTOR, "starts_text": "tomorrow at 09:40"},
    "STATUS_UPDATE": {**WITH_DOCTOR, "status": "Completed"},
    "CALENDAR_DISCONNECTED": {"action_url": "https://clinic.example/calendar/status", "account": "asha@gmail.example"},
}
_OPTIONAL: dict[str, dict[str, Any]] = {
    "SECURITY_NOTICE": {"device": "Firefox on Linux"},
    "DOCTOR_CHANGES_DECIDED": {"explanation": "Send us the certificate."},
    "SIGN_UP_CODE": {"has_account": True},
    "SIGNUP_WELCOME": {"awaiting_approval": True, "expires_text": LINK["expires_text"]},
    "BOOKING_CONFIRMATION": SELF_SERVICE,
    "BOOKING_CANCELLATION": {"details_url": VISIT["action_url"]},
    "BOOKING_CHANGE": SELF_SERVICE,
    "APPOINTMENT_REMINDER": {**SELF_SERVICE, "unsubscribe_url": "https://clinic.example/reminders/off/WyJh.Zm9v"},
}
NAMELESS = {"SIGN_UP_CODE"}  # who has the address is not known
TYPES = sorted(_DATA)


def event(name: str, *, message_id: str = "", to: str = "asha@patients.example", **data: Any) -> dict[str, Any]:
    """Return a good event with only the required data; further keywords are put into the data."""
    every = {key: value for key, value in EVERY.items() if key != "recipient_name" or name not in NAMELESS}
    given = copy.deepcopy({**every, **_DATA[name], **data})
    return {"type": name, "to": to, "data": given, "message_id": message_id or f"{name}:0192f0aa-1111:1"}


def full_event(name: str) -> dict[str, Any]:
    """Return a good event with every optional key as well."""
    return event(name, emergency_line="In an emergency, call 999.", **_OPTIONAL.get(name, {}))
