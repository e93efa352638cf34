"""Free times made ready for pages: words and addresses, nothing read and nothing decided.

What the templates of the directory and of the booking page draw with ``ui/slots.html`` and ``ui/person.html``.
"""

from hms.directory.everyday import with_everyday
from hms.directory.slot_picker.choosing import Panel, asked, panel, parse_filters
from hms.directory.slot_picker.front import Front, Portrait, Tile, front
from hms.directory.slot_picker.query import Kind, day_of, first_of, kind_of, parse_day
from hms.directory.slot_picker.results import Result, result
from hms.directory.slot_picker.suggestions import Suggestion, Suggestions, suggestions
from hms.directory.slot_picker.week import Day, Group, Links, WeekPicker, week_picker
from hms.directory.slot_picker.words import experience, is_online_only, mode_tags, places, soon

__all__ = [
    "Day",
    "Front",
    "Group",
    "Kind",
    "Links",
    "Panel",
    "Portrait",
    "Result",
    "Suggestion",
    "Suggestions",
    "Tile",
    "WeekPicker",
    "asked",
    "day_of",
    "experience",
    "first_of",
    "front",
    "is_online_only",
    "kind_of",
    "mode_tags",
    "panel",
    "parse_day",
    "parse_filters",
    "places",
    "result",
    "soon",
    "suggestions",
    "week_picker",
    "with_everyday",
]
