"""How many times weekly hours make, and up to which day so many fit: found by counting, before any is made. Pure.

Whatever several settings make large together (how far ahead patients can book, short visits, long days) has its limit
here, on what comes out.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from hms.availability.plan import HoursDraft, ScheduleDraft

DAY = timedelta(days=1)
MAX_AHEAD = 20_000
"""How many times a doctor can have ahead: three for every working hour of two years, and what is written in seconds."""

MAX_BEFORE_APPROVAL = 200
"""How many while nobody has approved the doctor: some weeks to look at, and no load that a stranger can make."""


def number_of_times(schedules: Iterable[ScheduleDraft], *, gap_minutes: int, first_day: date, last_day: date) -> int:
    """How many times the hours make from one day to another, both included, if nothing takes any away."""
    return sum(
        _visits(hours, gap_minutes) * _weekdays(hours.weekday, max(first_day, each.valid_from), _end(each, last_day))
        for each in schedules
        for hours in each.hours
    )


def last_day_within(
    limit: int, schedules: list[ScheduleDraft], *, gap_minutes: int, first_day: date, last_day: date
) -> date:
    """The last day up to which the hours make at most so many times; the day before the first if that has more."""
    fits, too_far = first_day - DAY, last_day + DAY
    while (too_far - fits).days > 1:
        middle = fits + (too_far - fits) // 2
        number = number_of_times(schedules, gap_minutes=gap_minutes, first_day=first_day, last_day=middle)
        fits, too_far = (middle, too_far) if number <= limit else (fits, middle)
    return fits


def _visits(hours: HoursDraft, gap_minutes: int) -> int:
    """A gap follows each visit but the last."""
    gap = gap_minutes if hours.gap_minutes is None else hours.gap_minutes
    return (hours.end_minute - hours.start_minute + gap) // (hours.visit_minutes + gap)


def _end(schedule: ScheduleDraft, last_day: date) -> date:
    return min(schedule.valid_until or last_day, last_day)


def _weekdays(weekday: int, first_day: date, last_day: date) -> int:
    """How often a weekday comes from one day to another, both included."""
    weeks, days = divmod(max((last_day - first_day).days + 1, 0), 7)
    return weeks + ((weekday - first_day.weekday()) % 7 < days)
