"""The doctor's own area: today, the calendar, free times, appointments. Nobody else's patients are ever seen in it."""

from hms.scheduling.views.doctor import (
    appointments,
    calendar,
    copying,
    ending,
    exceptions,
    hours,
    slots,
    today,
    unfit,
    visits,
)
from hms.scheduling.views.doctor.door import bp

__all__ = [
    "appointments",
    "bp",
    "calendar",
    "copying",
    "ending",
    "exceptions",
    "hours",
    "slots",
    "today",
    "unfit",
    "visits",
]
