"""The audit log in words."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from hms import clock
from hms.activity.queries import Named
from hms.audit.actions import ACTIONS, SUBJECTS
from hms.audit.models import AuditEvent
from hms.web import formats

ROLES = {"patient": "Patient", "doctor": "Doctor", "receptionist": "Receptionist", "admin": "Administrator"}
OTHERS = {"visitor": "Someone not signed in", "system": "The system", "person": "A former account"}
KINDS: dict[str, tuple[str, frozenset[str]]] = {
    "views": ("Opened a patient’s data", frozenset({"viewed", "exported", "emergency-access"})),
    "appointments": ("Appointments", frozenset(one for one in ACTIONS if one.startswith("appointment-"))),
    "sign-ins": (
        "Signing in and passwords",
        frozenset(
            {"sign-in", "sign-in-failed", "sign-in-throttled", "throttled", "sign-out", "session-ended"}
            | {"sessions-ended", "new-device", "step-up", "step-up-failed", "reset-asked", "password-reset"}
            | {"password-changed", "email-verified", "email-changed"}
            | {one for one in ACTIONS if one.startswith(("factor-", "recovery-"))}
        ),
    ),
    "accounts": (
        "Accounts and approvals",
        frozenset({"account-made", "invited", "role-changed", "profile-changed"})
        | {one for one in ACTIONS if one.startswith(("account-", "doctor-"))},
    ),
    "settings": (
        "Rules, closures and hours",
        frozenset({"rules-changed", "setting-changed", "closure-added", "closure-removed", "hours-changed"})
        | {"time-off-added", "time-off-removed", "slots-changed"},
    ),
    "calendars": (
        "Calendars and API keys",
        frozenset(one for one in ACTIONS if one.startswith(("feed-", "calendar-", "api-"))),
    ),
    "denied": ("Refused access", frozenset({"access-denied", "sign-in-failed", "step-up-failed", "factor-failed"})),
    "system": (
        "Commands and the system",
        frozenset({"command", "outbox-changed", "audit-exported", "audit-removed", "chain-broken"}),
    ),
}
"""What can be chosen on the page of all activity, and which actions it stands for."""

WARNS = frozenset({"sign-in-failed", "sign-in-throttled", "access-denied", "step-up-failed", "factor-failed"})
FAULTS = frozenset({"chain-broken", "emergency-access"})
TO_THE_PATIENT = {
    "appointment-booked": "Booked an appointment for you",
    "appointment-moved": "Moved your appointment",
    "appointment-cancelled": "Cancelled your appointment",
    "appointment-marked": "Changed the status of your appointment",
    "profile-changed": "Changed your details",
    "exported": "Exported your data",
    "emergency-access": "Opened your data in an emergency",
}
LISTS = frozenset({"doctor.today", "doctor.calendar", "doctor.appointments", "staff.closure", "staff.new_closure"})
"""Pages on which an appointment stands among others."""


class Line(NamedTuple):
    """A line of all activity; ``kind`` is that of its tag, empty for an ordinary line."""

    time: str
    who: str
    role: str
    what: str
    kind: str
    whose: str
    detail: str
    where: str


class Look(NamedTuple):
    """A line of what a patient sees: who, what, about which appointment, and how often on that day."""

    time: str
    who: str
    role: str
    what: str
    why: str
    times: int


def by_day(events: Sequence[AuditEvent]) -> Iterator[tuple[date, list[AuditEvent]]]:
    """The events of each day, which come in the order of time already."""
    for day, some in groupby(events, key=lambda event: clock.to_clinic(event.at).date()):
        yield day, list(some)


def line(event: AuditEvent, named: Named) -> Line:
    """An event for administrators."""
    what = "Viewed data" if event.action == "viewed" else ACTIONS.get(event.action, event.action)
    return Line(
        time=formats.time(event.at),
        who=_who(event, named),
        role=ROLES.get(event.actor_role or "", ""),
        what=what,
        kind="bad" if event.action in FAULTS else "warn" if event.action in WARNS else "",
        whose=_whose(event, named),
        detail=_detail(event, named),
        where=event.address_prefix or "",
    )


def looks(events: Iterable[AuditEvent], named: Named) -> list[Look]:
    """A day's events for the patient; the same thing that somebody did again and again is one line."""
    lines: dict[tuple[str, str, str, str], Look] = {}
    for event in events:
        who, role = _who(event, named), ROLES.get(event.actor_role or "", "")
        what, why = _to_the_patient(event), _visit(event, named)
        key = (who, role, what, why)
        seen = lines.get(key)
        lines[key] = seen._replace(times=seen.times + 1) if seen else Look(formats.time(event.at), *key, times=1)
    return list(lines.values())


def _to_the_patient(event: AuditEvent) -> str:
    if event.action != "viewed":
        return TO_THE_PATIENT.get(event.action, ACTIONS.get(event.action, event.action))
    if event.endpoint == "activity_log.log":
        return "Saw your name in the activity log"
    if event.subject_kind != "appointment":
        return f"Opened your {SUBJECTS.get(event.subject_kind or '', 'data')}"
    return "Saw your appointment in a list" if event.endpoint in LISTS else "Opened your appointment"


def _who(event: AuditEvent, named: Named) -> str:
    if event.actor_kind == "cli":
        return f"{event.os_user} at the command line"
    known = named.people.get(event.actor_id) if event.actor_id else None
    return known or OTHERS.get(event.actor_kind, event.actor_kind)


def _whose(event: AuditEvent, named: Named) -> str:
    for one in (event.patient_id, event.subject_id):
        if one is not None and one in named.people and one != event.actor_id:
            return named.people[one]
    return ""


def _visit(event: AuditEvent, named: Named) -> str:
    visit = named.visits.get(event.subject_id) if event.subject_id else None
    return f"{formats.day(visit.starts_at)}, {formats.time(visit.starts_at)}" if visit else ""


def _detail(event: AuditEvent, named: Named) -> str:
    visit = named.visits.get(event.subject_id) if event.subject_id else None
    parts = [f"Appointment {formats.reference(visit.reference)}"] if visit else []
    if not visit and event.subject_kind and event.subject_kind not in ("user", "patient", "doctor", "page"):
        parts.append(SUBJECTS.get(event.subject_kind, event.subject_kind).capitalize())
    details = dict(event.details)
    if "before" in details or "after" in details:
        setting = f"{details.pop('setting', '')} ".lstrip().replace("_", " ")
        parts.append(f"{setting}{details.pop('before', 'none')} → {details.pop('after', 'none')}")
    parts += [f"{name} {value}" for name, value in sorted(details.items())]
    if event.endpoint:
        parts.append(event.endpoint)
    return ", ".join(map(str, parts))
