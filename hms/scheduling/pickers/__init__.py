"""Free times made ready for pages: words and addresses, nothing read and nothing decided.

What the templates of the directory and of the booking page draw with ``ui/slots.html`` and ``ui/person.html``.
"""

from hms.scheduling.pickers.asked import (
    Kind,
    day_asked,
    day_of,
    kind_of,
)
from hms.scheduling.pickers.times import Result, result
from hms.scheduling.pickers.week import Day, Group, WeekPicker, week_picker
from hms.scheduling.pickers.words import experience, places, soon

__all__ = [
    "Day",
    "Group",
    "Kind",
    "Result",
    "WeekPicker",
    "day_asked",
    "day_of",
    "experience",
    "kind_of",
    "places",
    "result",
    "soon",
    "week_picker",
]
