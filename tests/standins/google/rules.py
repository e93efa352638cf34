"""What an event must be like to be taken: its times, its words, its reminders and properties."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tests.standins.google.wire import Refused

ONE_OF = {
    "visibility": {"default", "public", "private", "confidential"},
    "transparency": {"opaque", "transparent"},
    "status": {"confirmed", "tentative", "cancelled"},
    "eventType": {"default"},
}
MAX_REMINDERS, MAX_PROPERTIES = 5, 300
Event = dict[str, Any]


def check(event: Event) -> None:
    """Raise :class:`Refused` for an event whose fields contradict themselves or each other."""
    for name, words in ONE_OF.items():
        if event.get(name) is not None and event[name] not in words:
            raise Refused(400, "invalid", f"Invalid value for: {name}: {event[name]!r}")
    for name in ("start", "end"):
        if not event.get(name):
            raise Refused(400, "required", f"Missing {name} time.")
    if ("date" in event["start"]) != ("date" in event["end"]):
        raise Refused(400, "invalid", "The start and end times must either both be date or both be dateTime.")
    starts_at, ends_at = moment(event["start"], "start"), moment(event["end"], "end")
    if ends_at <= starts_at:
        raise Refused(400, "timeRangeEmpty", "The specified time range is empty.")
    _check_reminders(event.get("reminders") or {})
    for properties in (event.get("extendedProperties") or {}).values():
        _check_properties(properties)


def moment(value: Mapping[str, str], name: str) -> datetime:
    """The moment that an EventDateTime means. Raises :class:`Refused`."""
    value = {key: part for key, part in value.items() if part is not None}
    zone = value.get("timeZone")
    if zone is not None and zone not in available_timezones():
        raise Refused(400, "invalid", f"Invalid time zone definition for {name} time.")
    if ("date" in value) == ("dateTime" in value):
        raise Refused(400, "invalid", f"Invalid {name} time.")
    if "date" in value:
        return datetime.combine(date.fromisoformat(value["date"]), datetime.min.time(), UTC)
    read = datetime.fromisoformat(value["dateTime"])
    if read.tzinfo is None:
        if zone is None:
            raise Refused(400, "required", f"Missing time zone definition for {name} time.")
        read = read.replace(tzinfo=ZoneInfo(zone))
    return read.astimezone(UTC)


def span_of(event: Event) -> tuple[datetime, datetime]:
    """From when to when an event lasts."""
    return moment(event["start"], "start"), moment(event["end"], "end")


def stamp(at: datetime) -> str:
    """A moment as Google writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _check_reminders(reminders: Mapping[str, Any]) -> None:
    overrides = reminders.get("overrides") or []
    if reminders.get("useDefault") and overrides:
        raise Refused(
            400, "cannotUseDefaultRemindersAndSpecifyOverride", "Cannot specify both default reminders and overrides."
        )
    if len(overrides) > MAX_REMINDERS:
        raise Refused(400, "invalid", "Too many override reminders.")
    if any(o.get("method") not in ("popup", "email") or not 0 <= o.get("minutes", -1) <= 40320 for o in overrides):
        raise Refused(400, "invalid", "Invalid reminder.")


def _check_properties(properties: Mapping[str, str] | None) -> None:
    properties = properties or {}
    if len(properties) > MAX_PROPERTIES or any(len(k) > 44 or len(v or "") > 1024 for k, v in properties.items()):
        raise Refused(400, "invalid", "The extended properties are too large.")
