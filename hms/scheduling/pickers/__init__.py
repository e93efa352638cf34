"""Free times made ready for pages: words and addresses, nothing read and nothing decided.

What the templates of the directory and of the booking page draw with ``ui/slots.html`` and ``ui/person.html``.
"""

from hms.scheduling.pickers.asked import (
    Kind,
    any_day,
    day_asked,
    day_of,
    kind_of,
    visit_asked,
)
from hms.scheduling.pickers.times import Result, Time, nearest, overlaps, result, times_instead
from hms.scheduling.pickers.week import Day, Group, WeekPicker, week_picker
from hms.scheduling.pickers.words import experience, fee, photo_address, soon

__all__ = [
    "Day",
    "Group",
    "Kind",
    "Result",
    "Time",
    "WeekPicker",
    "any_day",
    "day_asked",
    "day_of",
    "experience",
    "fee",
    "kind_of",
    "nearest",
    "overlaps",
    "photo_address",
    "result",
    "soon",
    "times_instead",
    "visit_asked",
    "week_picker",
]
