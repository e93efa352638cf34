"""The calendar of a doctor as a page draws it: days, rows of five minutes, hours, counts. No query is made here.

Places are by the wall clock. Where the clock shows an hour twice, two times can want the same rows: the page sets them
side by side, and their zone's letters tell them apart.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from hms import clock
from hms.scheduling.models import AppointmentStatus, SlotStatus
from hms.scheduling.queries import AgendaItem
from hms.web import formats

ROW_MINUTES = 5
ROWS_PER_HOUR = 60 // ROW_MINUTES
MINUTES_PER_DAY = 24 * 60
USUAL_HOURS = (8, 18)
WORKING_DAYS = 5

KINDS: dict[str, str] = {
    AppointmentStatus.PENDING: "booked",
    AppointmentStatus.BOOKED: "booked",
    AppointmentStatus.ARRIVED: "arrived",
    AppointmentStatus.FULFILLED: "done",
    AppointmentStatus.NOSHOW: "noshow",
    SlotStatus.FREE: "free",
    SlotStatus.BUSY: "block",
    SlotStatus.BUSY_TENTATIVE: "held",
    SlotStatus.BUSY_UNAVAILABLE: "block",
}
"""What the page calls a time: by its appointment's status, or by its own without one."""

TEXTS = {"free": "Free", "held": "Being booked", "block": "Not available"}

Link = Callable[[AgendaItem], str | None]


class Event(NamedTuple):
    """One time in its place: ``row`` 1 begins at the first hour shown, ``span`` is its length in rows."""

    row: int
    span: int
    time: str
    text: str
    kind: str
    href: str | None
    label: str


class Day(NamedTuple):
    """One column. ``now_row`` is where the line for the present moment goes, on today only."""

    id: str
    weekday: str
    day: int
    full: str
    today: bool
    now_row: int | None
    events: list[Event]
    booked: int


class Grid(NamedTuple):
    """Some days, with the whole hours ``[first_hour, last_hour)`` that hold all their events."""

    days: list[Day]
    first_hour: int
    last_hour: int


class Counts(NamedTuple):
    """Times that are booked, of all that were offered; and free ones still to come."""

    booked: int
    offered: int
    free: int


def week_days(monday: date, items: Iterable[AgendaItem]) -> list[date]:
    """Monday to Friday, and Saturday and Sunday when they hold something."""
    used = {_day_of(item) for item in items}
    week = [monday + timedelta(days=n) for n in range(7)]
    return [day for n, day in enumerate(week) if n < WORKING_DAYS or day in used]


def lay_out(items: Sequence[AgendaItem], *, days: Sequence[date], link: Link) -> Grid:
    """Put every time in its place; ``link`` says where each leads."""
    first_hour, last_hour = _hours(items)
    laid = [_day(day, [item for item in items if _day_of(item) == day], (first_hour, last_hour), link) for day in days]
    return Grid(laid, first_hour, last_hour)


def count(items: Iterable[AgendaItem]) -> Counts:
    """The numbers above the calendar; times that are not offered (leave, meetings) are not counted."""
    kinds = [(kind_of(item), item.starts_at) for item in items]
    booked = sum(kind not in TEXTS for kind, _ in kinds)
    offered = sum(kind != "block" for kind, _ in kinds)
    free = sum(kind == "free" and starts_at > clock.now() for kind, starts_at in kinds)
    return Counts(booked, offered, free)


def next_visit(items: Iterable[AgendaItem]) -> AgendaItem | None:
    """The first patient, in order of time, who is still to be seen and whose time is not over."""
    waiting = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
    return next((item for item in items if item.appointment_status in waiting and item.ends_at > clock.now()), None)


def kind_of(item: AgendaItem) -> str:
    """What the page calls this time: one of the values of :data:`KINDS`."""
    return KINDS[item.appointment_status or item.slot_status]


def until(moment: datetime) -> str:
    """From now to ``moment``: ``in 8 min``, ``in 2 h 5 min``; ``Thu 26 Nov`` on another day; ``now`` when it came."""
    if moment <= clock.now():
        return "now"
    if clock.to_clinic(moment).date() != clock.today():
        return formats.short_day(moment)
    hours, minutes = divmod(-(-(moment - clock.now()) // timedelta(minutes=1)), 60)
    return " ".join(["in", *([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])


def title(days: Sequence[date]) -> str:
    """``Monday 23 November 2026``, ``23 to 27 November 2026``, ``30 November to 4 December 2026``, or both years."""
    first, last = days[0], days[-1]
    if first == last:
        return formats.day(first)
    written = formats.day(first).split()[1:]  # day, month, year
    shared = 1 if (first.year, first.month) == (last.year, last.month) else 2 if first.year == last.year else 3
    return f"{' '.join(written[:shared])} to {' '.join(formats.day(last).split()[1:])}"


def clock_changes(first_day: date, last_day: date) -> list[str]:
    """A sentence for each of these days on which the clocks change."""
    days = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    return [_clock_change(day) for day in days if clock.is_changed_on(day)]


def _clock_change(day: date) -> str:
    starts_at, ends_at = clock.day_bounds(day)
    if ends_at <= starts_at:
        return f"The calendar leaves out {formats.plain_day(day)}."
    direction = "back" if ends_at - starts_at > timedelta(days=1) else "forward"
    return f"The clocks go {direction} on {formats.plain_day(day)}."


def _day(day: date, items: list[AgendaItem], hours: tuple[int, int], link: Link) -> Day:
    is_today = day == clock.today()
    events = [_event(item, hours[0], link) for item in items]
    return Day(
        id=f"d-{day.isoformat()}",
        weekday=formats.short_day(day).split()[0],
        day=day.day,
        full=formats.plain_day(day),
        today=is_today,
        now_row=_now_row(hours) if is_today else None,
        events=events,
        booked=sum(event.kind not in TEXTS for event in events),
    )


def _event(item: AgendaItem, first_hour: int, link: Link) -> Event:
    kind = kind_of(item)
    begin, end = _minutes(item)
    row = round(begin / ROW_MINUTES)
    return Event(
        row=row - first_hour * ROWS_PER_HOUR + 1,
        span=max(1, round(end / ROW_MINUTES) - row),
        time=formats.time(item.starts_at),
        text=item.patient_name or _text(item, kind),
        kind=kind,
        href=link(item),
        label="change or remove" if kind == "free" else "",
    )


def _text(item: AgendaItem, kind: str) -> str:
    return "Not booked" if kind == "free" and item.starts_at <= clock.now() else TEXTS[kind]


def _hours(items: Iterable[AgendaItem]) -> tuple[int, int]:
    """The whole hours that hold every time, and at least the usual ones."""
    minutes = [_minutes(item) for item in items]
    first = min((begin // 60 for begin, _ in minutes), default=24)
    last = max((-(-end // 60) for _, end in minutes), default=0)
    return min(first, USUAL_HOURS[0]), max(last, USUAL_HOURS[1])


def _minutes(item: AgendaItem) -> tuple[int, int]:
    """From midnight on the wall to the start, then on by the real length: nothing is drawn longer than it is."""
    wall = clock.to_clinic(item.starts_at)
    begin = wall.hour * 60 + wall.minute
    length = (item.ends_at - item.starts_at) // timedelta(minutes=1)
    return begin, min(begin + length, MINUTES_PER_DAY)


def _now_row(hours: tuple[int, int]) -> int | None:
    wall = clock.to_clinic(clock.now())
    if not hours[0] <= wall.hour < hours[1]:
        return None
    return (wall.hour - hours[0]) * ROWS_PER_HOUR + wall.minute // ROW_MINUTES + 1


def _day_of(item: AgendaItem) -> date:
    return clock.to_clinic(item.starts_at).date()
