"""What people narrow the directory by, and the conditions on slots that follow."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, case, cast, func, or_, true
from sqlalchemy.dialects.postgresql import array

from hms import clock
from hms.auth.models import Doctor
from hms.availability import booking_rules
from hms.availability.booking_rules import LONGEST_HORIZON_DAYS, Window
from hms.availability.models import Mode, Slot
from hms.availability.queries.slots import takes_place

PARTS = {"morning": (0, 12), "afternoon": (12, 17), "evening": (17, 24)}
"""The parts of a day, by the hours on the clinic's wall at which they begin and end."""

WITHIN = (1, 3, 7)
"""How many days, today included, people choose from."""

BETWEEN_LANGUAGES = r"\s*(?:[,;/]|\band\b)\s*"
DAY, MINUTE, HOUR = timedelta(days=1), timedelta(minutes=1), 3600


@dataclass(frozen=True)
class Filters:
    """What a slot has to be like: on ``day``, or ``within`` so many days from today on, in one of the ``parts`` of the
    day, of a kind of visit; and a language that the doctor speaks. Nothing said is anything.
    """

    day: date | None = None
    within: int | None = None
    parts: tuple[str, ...] = ()
    mode: Mode | None = None
    language: str = ""
    by_name: bool = False

    @property
    def shape(self) -> "Shape":
        """What a statement is put together by."""
        parts = () if len(self.parts) == len(PARTS) else self.parts
        return Shape(bool(self.day), bool(self.within), parts, self.mode, bool(self.language), self.by_name)

    @property
    def values(self) -> dict[str, object]:
        """The parameters of a statement of this shape."""
        today = clock.today()
        starts, ends = clock.day_bounds(self.day or today)
        return {
            "day_starts": starts,
            "day_ends": ends,
            "until": clock.start_of_day(today + (self.within or 1) * DAY),
            "language": self.language.casefold(),
            **{f"in_{days}": clock.start_of_day(today + days * DAY) for days in WITHIN},
        }


class Shape(NamedTuple):
    """Which filters there are, without the values that each run of a statement brings."""

    on_day: bool = False
    within: bool = False
    parts: tuple[str, ...] = ()
    mode: Mode | None = None
    by_language: bool = False
    by_name: bool = False

    @property
    def needs_slot(self) -> bool:
        """Whether a doctor without a slot that fits is left out."""
        return self.on_day or self.within or bool(self.parts) or self.mode is not None


ANY = Shape()


def narrowed(window: Window, shape: Shape) -> Window:
    """The window of slots that can be booked, within the chosen day."""
    if not shape.on_day:
        return window
    starts, ends = booking_rules.moment("day_starts"), booking_rules.moment("day_ends")
    return Window(func.greatest(window.opens_at, starts), func.least(window.closes_at, ends))


def slot_conditions(shape: Shape) -> list[ColumnElement[bool]]:
    """What a slot has to be like, beside free and within the window."""
    found = [takes_place(shape.mode)] if shape.mode else []
    return [*found, is_within(shape.parts)] if shape.parts else found


def is_within(parts: tuple[str, ...]) -> ColumnElement[bool]:
    """Which slots begin in one of these parts of the day on the clinic's wall."""
    at = _seconds_of_the_day(_offsets(clock.today(), clock.clinic_zone()))
    hours = [PARTS[part] for part in parts]
    return or_(*[(at >= first * HOUR) & (at < end * HOUR) for first, end in hours]) if hours else true()


def split_languages(spoken: str) -> list[str]:
    """``["English", "Polish"]`` for ``English, Polish``."""
    return [language for language in re.split(BETWEEN_LANGUAGES, spoken) if language]


def speaks() -> ColumnElement[bool]:
    """Which doctors speak the language that the run of a statement brings."""
    spoken = func.regexp_split_to_array(func.lower(Doctor.languages), BETWEEN_LANGUAGES.replace(r"\b", r"\y"))
    return spoken.op("@>", is_comparison=True)(array([bindparam("language", type_=Text)]))


def _seconds_of_the_day(offsets: tuple[tuple[int, int], ...]) -> ColumnElement[int]:
    """The wall time of a slot's start, by the database, which need not know the clinic's zone."""
    at = cast(func.date_part("epoch", Slot.starts_at), BigInteger)
    (_, first), *changes = offsets
    if not changes:
        return func.mod(at + first, 24 * HOUR)
    later = [(at >= since, offset) for since, offset in reversed(changes)]
    return func.mod(at + case(*later, else_=first), 24 * HOUR)


@lru_cache(maxsize=8)
def _offsets(today: date, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """How many seconds the wall is ahead of UTC: pairs of *since*, in seconds since 1970, and how many."""
    day = datetime(today.year, today.month, today.day, tzinfo=UTC) - DAY
    found = [(int(day.timestamp()), _ahead(day, zone))]
    for _ in range(LONGEST_HORIZON_DAYS + 3):
        if _ahead(day + DAY, zone) != found[-1][1]:
            since = bisect_left(range(24 * 60), True, key=lambda n: _ahead(day + n * MINUTE, zone) != found[-1][1])
            found.append((int((day + since * MINUTE).timestamp()), _ahead(day + DAY, zone)))
        day += DAY
    return tuple(found)


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
