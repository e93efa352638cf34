"""The rules about booking in words, for the pages of staff and for the command line."""

from datetime import timedelta

from hms.availability.booking_rules import counted, words
from hms.availability.services.booking_rules import RuleChange

LABELS = {
    "minimum_notice_minutes": "Minimum notice",
    "horizon_days": "Bookings open",
    "cancellation_hours": "Online cancellation",
    "change_window_minutes": "Changing the time online",
    "most_changes": "Changes of one appointment",
    "most_future_bookings": "Upcoming appointments",
    "gap_minutes": "Gap after each visit",
}
AS_CLINIC, ANY_NUMBER = "clinic’s setting", "no limit"


def value_text(name: str, value: int | None, *, is_own: bool = False) -> str:
    """A rule's value as people say it: ``1 hour``, ``60 days ahead``; ``is_own`` for a doctor's own."""
    if value is None:
        return AS_CLINIC if is_own else ANY_NUMBER
    return {
        "minimum_notice_minutes": lambda: words(timedelta(minutes=value)) + " before" if value else "none",
        "horizon_days": lambda: counted(value, "day") + " ahead",
        "cancellation_hours": lambda: f"until {words(timedelta(hours=value))} before" if value else "until the visit",
        "change_window_minutes": lambda: (
            f"until {words(timedelta(minutes=value))} before" if value else "until the visit"
        ),
        "most_changes": lambda: f"at most {value:,} by the patient" if value else "none",
        "most_future_bookings": lambda: f"at most {value:,} per patient" + (" with this doctor" if is_own else ""),
        "gap_minutes": lambda: counted(value, "minute") if value else "none",
    }[name]()


def changed(change: RuleChange, *, is_own: bool = False) -> str:
    """``Minimum notice: 2 hours before (was 1 hour before)``."""
    after, before = (value_text(change.name, value, is_own=is_own) for value in (change.after, change.before))
    return f"{LABELS[change.name]}: {after} (was: {before})"
