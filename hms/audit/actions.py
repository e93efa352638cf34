"""What the audit log can say: the actions, and the details that an event may carry. Whatever is not listed here is
refused, so that nobody writes a patient's words or a secret by mistake.
"""

import re
from collections.abc import Mapping
from uuid import UUID

ACTIONS: dict[str, str] = {
    # sign-ins
    "sign-in": "Signed in",
    "sign-in-failed": "Failed to sign in",
    "sign-in-throttled": "Was told to wait before signing in again",
    "throttled": "Was told to wait",
    "sign-out": "Signed out",
    "session-ended": "Ended a sign-in",
    "sessions-ended": "Ended all sign-ins",
    "new-device": "Signed in on a new device",
    "step-up": "Confirmed their identity again",
    "step-up-failed": "Failed to confirm their identity",
    # accounts and what opens them
    "account-made": "Created an account",
    "invited": "Invited someone",
    "reset-asked": "Asked for a password reset",
    "password-reset": "Reset a password",
    "password-changed": "Changed a password",
    "email-verified": "Confirmed an email address",
    "email-changed": "Changed an email address",
    "factor-added": "Added a second factor",
    "factor-removed": "Removed a second factor",
    "factor-failed": "Entered a wrong second factor",
    "factor-reset-asked": "Asked for a second factor to be reset",
    "factor-reset": "Reset a second factor",
    "recovery-codes-made": "Created recovery codes",
    "recovery-code-used": "Used a recovery code",
    "role-changed": "Changed a role",
    "account-deactivated": "Deactivated an account",
    "account-reactivated": "Reactivated an account",
    "profile-changed": "Changed a profile",
    "doctor-approved": "Approved a doctor",
    "doctor-rejected": "Rejected a doctor",
    "doctor-change-approved": "Approved a doctor's new details",
    "doctor-change-rejected": "Rejected a doctor's new details",
    # ways to the appointments
    "feed-made": "Created a calendar feed",
    "feed-ended": "Ended a calendar feed",
    "calendar-connected": "Connected a calendar",
    "calendar-disconnected": "Disconnected a calendar",
    "api-key-made": "Created an API key",
    "api-key-ended": "Revoked an API key",
    # what is offered
    "rules-changed": "Changed booking rules",
    "setting-changed": "Changed a setting",
    "closure-added": "Added a closure",
    "closure-removed": "Removed a closure",
    "hours-changed": "Changed working hours",
    "time-off-added": "Added time off",
    "time-off-removed": "Removed time off",
    "slots-changed": "Changed slots",
    # appointments
    "appointment-booked": "Booked an appointment",
    "appointment-moved": "Moved an appointment",
    "appointment-cancelled": "Cancelled an appointment",
    "appointment-marked": "Changed the status of an appointment",
    # people's data
    "viewed": "Viewed",
    "exported": "Exported",
    "access-denied": "Was refused access",
    "emergency-access": "Used emergency access",
    # the house
    "command": "Ran a command",
    "outbox-changed": "Changed messages waiting to be sent",
    "audit-exported": "Exported the activity log",
    "audit-removed": "Removed old activity",
    "chain-broken": "Found the activity log altered",
}
"""Each action, and how a page says it after the name of whoever did it."""

SUBJECTS: dict[str, str] = {
    "user": "account",
    "patient": "patient",
    "doctor": "doctor",
    "appointment": "appointment",
    "slot": "slot",
    "schedule": "working hours",
    "time-off": "time off",
    "closure": "closure",
    "message": "message",
    "connection": "calendar connection",
    "feed": "calendar feed",
    "page": "page",
    "factor": "second factor",
    "session": "sign-in",
    "api-key": "API key",
    "setting": "setting",
    "payment": "payment",
    "record": "record",
    "document": "document",
    "consultation": "consultation",
}
"""What an event can be about, and what a page calls it."""

DETAILS = frozenset(
    {"before", "after", "count", "kind", "fields", "setting", "method", "format", "filter", "role", "how", "status"}
    | {"source", "days", "number", "why", "hours", "mode"}
)
CODE = re.compile(r"[A-Za-z0-9_.:+/,-]{0,80}")
"""A code, a name of a field, a day, a number: never a sentence, as there are no blanks in it."""

Detail = str | int | bool | UUID | None


def checked(action: str, subject_kind: str | None, details: Mapping[str, Detail]) -> dict[str, Detail]:
    """The details as they are stored. Raises ``ValueError`` for what the log must not say."""
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action of the audit log; hms/audit/actions.py lists them.")
    if subject_kind is not None and subject_kind not in SUBJECTS:
        raise ValueError(f"{subject_kind!r} is no subject of the audit log; hms/audit/actions.py lists them.")
    return {name: _checked(name, value) for name, value in details.items() if value is not None}


def _checked(name: str, value: Detail) -> Detail:
    if name not in DETAILS:
        raise ValueError(f"The audit log has no detail {name!r}; hms/audit/actions.py lists them.")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool | int):
        return value
    if not (isinstance(value, str) and CODE.fullmatch(value)):
        raise ValueError(f"The detail {name!r} holds a code, a number or an id, no text.")
    return str(value)
