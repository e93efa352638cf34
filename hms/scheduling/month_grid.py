"""A month as a small calendar shows it: whole weeks of days, and where each leads. Nothing is read."""

from calendar import Calendar
from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import NamedTuple

from hms import clock, labels
from hms.web import formats

Link = Callable[[date], str]


class MonthDay(NamedTuple):
    """One day: ``is_other`` of the month before or after, ``is_shown`` among those that the page shows."""

    day: int
    full: str
    href: str
    is_today: bool
    is_shown: bool
    is_other: bool


class Month(NamedTuple):
    """A month with the addresses of those before and after it."""

    name: str
    weeks: list[list[MonthDay]]
    previous: str
    next: str
    weekdays: tuple[str, ...] = labels.WEEKDAYS


def lay_out(day: date, *, shown: Collection[date], link: Link) -> Month:
    """The month of ``day``; ``link`` says where a day leads."""
    weeks = Calendar().monthdatescalendar(day.year, day.month)
    return Month(
        name=" ".join(formats.day(day).split()[2:]),
        weeks=[[_day(one, day, shown, link) for one in week] for week in weeks],
        previous=link((day.replace(day=1) - timedelta(days=1)).replace(day=1)),
        next=link((day.replace(day=28) + timedelta(days=4)).replace(day=1)),
    )


def _day(one: date, of: date, shown: Collection[date], link: Link) -> MonthDay:
    return MonthDay(
        day=one.day,
        full=formats.plain_day(one),
        href=link(one),
        is_today=one == clock.today(),
        is_shown=one in shown,
        is_other=one.month != of.month,
    )
