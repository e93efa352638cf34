"""What people read for stored codes: days of the week, how and where a visit takes place, what became of it.

Each word stands here once, for pages, forms, mails, calendars and the command line.
"""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHORT_WEEKDAYS = tuple(name[:3] for name in WEEKDAYS)
WEEKDAY_CODES = tuple(name[:3].lower() for name in WEEKDAYS)
"""As forms and the command line name the days; Monday is first, as in ``date.weekday()``."""

MODES = {"in-person": "In person", "online": "Online", "both": "In person or online"}
"""How a visit takes place, or can."""

STATUSES = {
    "pending": "Pending",
    "booked": "Confirmed",
    "arrived": "Arrived",
    "fulfilled": "Completed",
    "cancelled": "Cancelled",
    "noshow": "Did not attend",
}
"""What became of an appointment, by its FHIR code."""


def within(label: str) -> str:
    """A label within a sentence: ``in person``."""
    return label[:1].lower() + label[1:]


def place(mode: str, *, room: str, clinic: str) -> str:
    """Where a visit takes place: ``Heart Centre, level 2, Northgate Hospital``, or ``Online``."""
    return MODES["online"] if mode == "online" else ", ".join(filter(None, [room, clinic]))
