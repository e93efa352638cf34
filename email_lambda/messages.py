"""The contract: message type -> the data it needs and may have, as data; and the check of an event against it.

An event is ``{"type", "to", "data", "message_id"}``, perhaps with a ``return_tag``, and nothing else. The check is
strict on purpose: a key that nobody asked for is refused too, so that health data cannot slip into a mail through a
generous template.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from email_lambda.addresses import canonical
from email_lambda.answers import Refused
from email_lambda.kinds import CALENDAR, CODE, FILENAME, FLAG, LINE, URL, Kind, one_of

Keys = Mapping[str, Kind]

EVENT_KEYS = ("type", "to", "data", "message_id")
OPTIONAL_EVENT_KEYS = ("return_tag",)
_MESSAGE_ID = re.compile(r"[!-~]{1,200}", re.ASCII)
_RETURN_TAG = re.compile(r"[a-z0-9]{1,50}", re.ASCII)

# Every message says who writes, and to whom where somebody is known to own the address.
NAMELESS: Keys = {"clinic_name": LINE, "clinic_phone": LINE}
EVERY: Keys = {**NAMELESS, "recipient_name": LINE}
EVERY_OPTIONAL: Keys = {"emergency_line": LINE}

LINK: Keys = {"action_url": URL}
EXPIRING_LINK: Keys = {**LINK, "expires_text": LINE}

VISIT: Keys = {"when": LINE, "when_short": LINE, "where": LINE, "reference": LINE, **LINK}
WITH_DOCTOR: Keys = {**VISIT, "doctor_name": LINE}
OF_PATIENT: Keys = {**VISIT, "patient_name": LINE}
MOVED: Keys = {"old_when": LINE}
CANCELLED: Keys = {"cancelled_by": one_of("patient", "doctor", "clinic")}
UNSUBSCRIBE: Keys = {"unsubscribe_url": URL}
SELF_CANCEL: Keys = {"cancel_url": URL, "cancel_until": LINE}
SELF_CHANGE: Keys = {"change_url": URL, "change_until": LINE}

NOTICES = ("new-device", "factor-on", "factor-off", "codes-made", "code-used", "factor-reset")

INVITATION: Keys = {"ics": CALENDAR, "ics_method": one_of("REQUEST", "PUBLISH"), "ics_filename": FILENAME}
WITHDRAWAL: Keys = {"ics": CALENDAR, "ics_method": one_of("CANCEL"), "ics_filename": FILENAME}


class Contract(NamedTuple):
    """What one type of message needs, and what it may have besides."""

    required: Keys
    optional: Keys


def _contract(*required: Keys, every: Keys = EVERY, optional: Keys | None = None) -> Contract:
    needed = {name: kind for keys in (every, *required) for name, kind in keys.items()}
    return Contract(needed, {**EVERY_OPTIONAL, **(optional or {})})


CONTRACTS: Mapping[str, Contract] = {
    "SIGN_UP_CODE": _contract(EXPIRING_LINK, {"code": CODE}, every=NAMELESS, optional={"has_account": FLAG}),
    "SIGNUP_WELCOME": _contract(LINK, optional={"expires_text": LINE, "awaiting_approval": FLAG}),
    "EMAIL_VERIFICATION": _contract(EXPIRING_LINK),
    "PASSWORD_RESET": _contract(EXPIRING_LINK),
    "PASSWORD_CHANGED": _contract(LINK, {"changed_text": LINE}),
    "ACCESS_GRANTED": _contract(LINK, {"what": one_of("feed", "google")}),
    "SECURITY_NOTICE": _contract(LINK, {"what": one_of(*NOTICES), "when_text": LINE}, optional={"device": LINE}),
    "DOCTOR_APPROVED": _contract(LINK),
    "DOCTOR_CHANGES_DECIDED": _contract(
        LINK, {"decision": one_of("approved", "rejected")}, optional={"explanation": LINE}
    ),
    "BOOKING_CONFIRMATION": _contract(WITH_DOCTOR, INVITATION, optional={**SELF_CANCEL, **SELF_CHANGE}),
    "BOOKING_CONFIRMATION_DOCTOR": _contract(OF_PATIENT, INVITATION),
    "BOOKING_CANCELLATION": _contract(WITH_DOCTOR, CANCELLED, WITHDRAWAL, optional={"details_url": URL}),
    "BOOKING_CANCELLATION_DOCTOR": _contract(OF_PATIENT, CANCELLED, WITHDRAWAL),
    "BOOKING_CHANGE": _contract(WITH_DOCTOR, MOVED, INVITATION, optional={**SELF_CANCEL, **SELF_CHANGE}),
    "BOOKING_CHANGE_DOCTOR": _contract(OF_PATIENT, MOVED, INVITATION),
    "APPOINTMENT_REMINDER": _contract(
        WITH_DOCTOR, {"starts_text": LINE}, optional={**SELF_CANCEL, **SELF_CHANGE, **UNSUBSCRIBE}
    ),
    "STATUS_UPDATE": _contract(WITH_DOCTOR, {"status": LINE}),
    "SECURITY_ALERT": _contract(LINK, {"what": one_of("failed_sign_ins", "emergency_access", "chain_broken")}),
    "CALENDAR_DISCONNECTED": _contract(LINK, {"account": LINE}),
}

# Keys that mean something only together: all of them are there, or none is.
TOGETHER = (tuple(SELF_CANCEL), tuple(SELF_CHANGE))


class Message(NamedTuple):
    """A checked event. ``data`` has every key of the contract; an optional one that was not given is None."""

    type: str
    to: str
    data: dict[str, object]
    message_id: str
    return_tag: str = ""

    @property
    def contract(self) -> Contract:
        """Return the contract that the data was checked against."""
        return CONTRACTS[self.type]

    def kind(self, key: str) -> Kind:
        """Return the kind of one key of the data."""
        return self.contract.required.get(key) or self.contract.optional[key]

    def text(self, key: str) -> str:
        """Return a value that the contract promises to be text."""
        return str(self.data[key])


def read(event: object) -> Message:
    """Return the event as a checked message, or raise Refused with the first thing that is wrong with it."""
    if not isinstance(event, dict):
        raise Refused("The event must be a JSON object.")
    _check_event_keys(event)
    contract = _find_contract(event["type"])
    if not _is_message_id(event["message_id"]):
        raise Refused("message_id must be 1 to 200 visible ASCII characters.")
    to = canonical(event["to"])
    data = _read_data(event["type"], event["data"], contract)
    return Message(event["type"], to, data, event["message_id"], _read_tag(event.get("return_tag", "")))


def label(event: object) -> str:
    """Return "TYPE message-id" for the log, with "-" for whatever is missing or unfit to be logged."""
    if not isinstance(event, dict):
        return "- -"
    name, message_id = event.get("type"), event.get("message_id")
    known = isinstance(name, str) and name in CONTRACTS
    return f"{name if known else '-'} {message_id if _is_message_id(message_id) else '-'}"


def _check_event_keys(event: Mapping[object, object]) -> None:
    missing = [key for key in EVENT_KEYS if key not in event]
    if missing:
        raise Refused(f"The event lacks {_listed(missing)}.")
    extra = [key for key in event if key not in (*EVENT_KEYS, *OPTIONAL_EVENT_KEYS)]
    if extra:
        raise Refused(f"The event has keys that nobody asked for: {_listed(extra)}.")


def _find_contract(name: object) -> Contract:
    if not isinstance(name, str) or name not in CONTRACTS:
        raise Refused("The message type is unknown; known are " + ", ".join(CONTRACTS) + ".")
    return CONTRACTS[name]


def _read_tag(value: object) -> str:
    """Return the tag that marks the envelope's sender; it ends up in an address, so only letters and digits will do."""
    if value == "" or (isinstance(value, str) and _RETURN_TAG.fullmatch(value)):
        return value
    raise Refused("return_tag must be 1 to 50 small letters and digits.")


def _is_message_id(value: object) -> bool:
    return isinstance(value, str) and _MESSAGE_ID.fullmatch(value) is not None


def _read_data(name: str, data: object, contract: Contract) -> dict[str, object]:
    if not isinstance(data, dict):
        raise Refused("data must be a JSON object.")
    known = {**contract.required, **contract.optional}
    missing = [key for key in contract.required if key not in data]
    if missing:
        raise Refused(f"The data of {name} lacks {_listed(missing)}.")
    extra = [key for key in data if key not in known]
    if extra:
        raise Refused(f"The data of {name} has keys that nobody asked for: {_listed(extra)}.")
    for key, value in data.items():
        if not known[key].accepts(value):
            raise Refused(f"data.{key} must be {known[key].must_be}.")
    _check_together(data)
    return {key: data.get(key) for key in known}


def _check_together(data: Mapping[str, object]) -> None:
    for keys in TOGETHER:
        if any(key in data for key in keys) and not all(key in data for key in keys):
            raise Refused(f"The data must have all of {_listed(keys)}, or none of them.")
    method, calendar = data.get("ics_method"), data.get("ics")
    if isinstance(calendar, str) and f"METHOD:{method}" not in calendar.splitlines():
        raise Refused("data.ics must have the METHOD that data.ics_method names.")


def _listed(keys: Sequence[object]) -> str:
    """Return key names for a sentence: ASCII only, cut short, since an unknown key may be anything."""
    shown = ", ".join(ascii(key)[1:-1][:40] if isinstance(key, str) else "?" for key in keys[:8])
    return shown + (" …" if len(keys) > 8 else "")
