"""The calendar of a doctor as a page draws it: days, rows of five minutes, hours, counts. No query is made here.

Places are by the wall clock. Where the clock shows an hour twice, two times can want the same rows: the page sets them
side by side, and their zone's letters tell them apart. Time off and closures lie behind the times, as blocks.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from hms import clock
from hms.availability.models import BlockedBy, Mode, SlotStatus
from hms.availability.words import BLOCKED
from hms.labels import MODES, within
from hms.scheduling.models import AppointmentStatus
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
LABELS = {"free": "change or remove", "block": "open or remove"}
IN_ANOTHER_WAY = {mode: MODES[mode] for mode in (Mode.ONLINE, Mode.BOTH)}
BEHIND_A_BLOCK = (BlockedBy.TIME_OFF, BlockedBy.CLOSURE)

Link = Callable[[AgendaItem], str | None]


class Block(NamedTuple):
    """A stretch in which nothing is offered: time off, or a day on which the clinic is closed."""

    starts_at: datetime
    ends_at: datetime
    text: str


class Event(NamedTuple):
    """One time in its place: ``row`` 1 begins at the first hour shown, ``span`` is its length in rows.

    ``mode`` says how the visit takes place when that is not in person; ``beside`` that a block has times before it,
    so that its words stand at the side; ``detail`` is the patient's age, the reason and the kind of visit.
    """

    row: int
    span: int
    time: str
    text: str
    kind: str
    href: str | None
    label: str
    mode: str = ""
    beside: bool = False
    detail: str = ""


class Day(NamedTuple):
    """One column. ``now_row`` is where the line for the present moment goes, on today only.

    ``can_add`` and ``can_copy`` say whether a time can be added to the day, and whether it has times to copy.
    """

    id: str
    iso: str
    weekday: str
    day: int
    full: str
    today: bool
    now_row: int | None
    events: list[Event]
    booked: int
    can_add: bool
    can_copy: bool


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


def week_days(monday: date, items: Iterable[AgendaItem], blocks: Iterable[Block] = ()) -> list[date]:
    """Monday to Friday, and Saturday and Sunday when they hold something, or a block that no day before them shows."""
    week = [monday + timedelta(days=n) for n in range(7)]
    saturday = clock.start_of_day(week[WORKING_DAYS])
    used = {_day_of(item) for item in items}
    used |= {clock.to_clinic(block.starts_at).date() for block in blocks if block.starts_at >= saturday}
    return [day for n, day in enumerate(week) if n < WORKING_DAYS or day in used]


def lay_out(items: Sequence[AgendaItem], *, days: Sequence[date], link: Link, blocks: Sequence[Block] = ()) -> Grid:
    """Put every time in its place; ``link`` says where each leads. What a block hides is not shown before it."""
    items = [item for item in items if not _is_hidden(item, blocks)]
    hours = _hours(items)
    laid = [_day(day, [item for item in items if _day_of(item) == day], blocks, hours, link) for day in days]
    return Grid(laid, *hours)


def _is_hidden(item: AgendaItem, blocks: Iterable[Block]) -> bool:
    return item.blocked_by in BEHIND_A_BLOCK and any(
        block.starts_at < item.ends_at and item.starts_at < block.ends_at for block in blocks
    )


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
    """What the page calls this time: one of the values of :data:`KINDS`, or ``online`` for a visit that will be."""
    kind = KINDS[item.appointment_status or item.slot_status]
    return "online" if kind == "booked" and item.mode == Mode.ONLINE else kind


def until(moment: datetime) -> str:
    """From now to ``moment``: ``in 8 min``, ``in 2 h 5 min``; ``Thu 26 Nov`` on another day; ``now`` when it came."""
    if moment <= clock.now():
        return "now"
    if clock.to_clinic(moment).date() != clock.today():
        return formats.short_day(moment)
    hours, minutes = divmod(-(-(moment - clock.now()) // timedelta(minutes=1)), 60)
    return " ".join(["in", *([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])


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


def _day(day: date, items: list[AgendaItem], blocks: Iterable[Block], hours: tuple[int, int], link: Link) -> Day:
    is_today = day == clock.today()
    events = [(item.starts_at, _event(item, hours[0], link)) for item in items]
    before = [event for _, event in events]
    behind = [(block.starts_at, _beside(event, before)) for block in blocks if (event := _block(block, day, hours))]
    return Day(
        id=f"d-{day.isoformat()}",
        iso=day.isoformat(),
        weekday=formats.short_day(day).split()[0],
        day=day.day,
        full=formats.plain_day(day),
        today=is_today,
        now_row=_now_row(hours) if is_today else None,
        events=[event for _, event in sorted([*behind, *events], key=lambda pair: pair[0])],
        booked=sum(event.kind not in TEXTS for event in before),
        can_add=day >= clock.today(),
        can_copy=any(item.slot_status != SlotStatus.BUSY_UNAVAILABLE for item in items),
    )


def _event(item: AgendaItem, first_hour: int, link: Link) -> Event:
    kind = kind_of(item)
    begin, end = _minutes(item)
    row = round(begin / ROW_MINUTES)
    href = link(item)
    return Event(
        row=row - first_hour * ROWS_PER_HOUR + 1,
        span=max(1, round(end / ROW_MINUTES) - row),
        time=formats.time(item.starts_at),
        text=item.patient_name or _text(item, kind),
        kind=kind,
        href=href,
        label=LABELS.get(kind, "") if href else "",
        mode="" if item.blocked_by else IN_ANOTHER_WAY.get(Mode(item.mode), ""),
        detail=details(item) if item.appointment_id else "",
    )


def details(item: AgendaItem) -> str:
    """``34, Chest pain, in person``: age, reason and kind of a visit."""
    age = str(clock.age_in_years(item.born_on, on=clock.to_clinic(item.starts_at).date())) if item.born_on else ""
    kind = within(MODES[item.mode])
    return ", ".join(filter(None, [age, " ".join((item.reason or "").split()), kind]))


def _text(item: AgendaItem, kind: str) -> str:
    if item.blocked_by:
        return BLOCKED[BlockedBy(item.blocked_by)]
    return "Not booked" if kind == "free" and item.starts_at <= clock.now() else TEXTS[kind]


def _block(block: Block, day: date, hours: tuple[int, int]) -> Event | None:
    """The part of a block that lies in the hours shown of this day; its words say its true times."""
    day_begins, day_ends = clock.day_bounds(day)
    starts_at, ends_at = max(block.starts_at, day_begins), min(block.ends_at, day_ends)
    if starts_at >= ends_at:
        return None
    first, last = hours[0] * 60, hours[1] * 60
    begin = 0 if starts_at == day_begins else _wall_minute(starts_at)
    end = MINUTES_PER_DAY if ends_at == day_ends else _wall_minute(ends_at)
    begin, end = min(max(begin, first), last - ROW_MINUTES), max(min(end, last), first + ROW_MINUTES)
    row = round(begin / ROW_MINUTES)
    return Event(
        row=row - hours[0] * ROWS_PER_HOUR + 1,
        span=max(1, round(end / ROW_MINUTES) - row),
        time=_block_time(block, day_begins, day_ends),
        text=block.text,
        kind="off",
        href=None,
        label="",
    )


def _beside(block: Event, events: Iterable[Event]) -> Event:
    end = block.row + block.span
    return block._replace(beside=any(one.row < end and block.row < one.row + one.span for one in events))


def _block_time(block: Block, day_begins: datetime, day_ends: datetime) -> str:
    if block.starts_at <= day_begins and block.ends_at >= day_ends:
        return "All day"
    if block.starts_at <= day_begins:
        return f"Until {formats.time(block.ends_at)}"
    if block.ends_at >= day_ends:
        return f"From {formats.time(block.starts_at)}"
    return f"{formats.time(block.starts_at)} to {formats.time(block.ends_at)}"


def _hours(items: Iterable[AgendaItem]) -> tuple[int, int]:
    """The whole hours that hold every time, and at least the usual ones."""
    minutes = [_minutes(item) for item in items]
    first = min((begin // 60 for begin, _ in minutes), default=24)
    last = max((-(-end // 60) for _, end in minutes), default=0)
    return min(first, USUAL_HOURS[0]), max(last, USUAL_HOURS[1])


def _minutes(item: AgendaItem) -> tuple[int, int]:
    """From midnight on the wall to the start, then on by the real length: nothing is drawn longer than it is."""
    begin = _wall_minute(item.starts_at)
    length = (item.ends_at - item.starts_at) // timedelta(minutes=1)
    return begin, min(begin + length, MINUTES_PER_DAY)


def _wall_minute(moment: datetime) -> int:
    wall = clock.to_clinic(moment)
    return wall.hour * 60 + wall.minute


def _now_row(hours: tuple[int, int]) -> int | None:
    wall = clock.to_clinic(clock.now())
    if not hours[0] <= wall.hour < hours[1]:
        return None
    return (wall.hour - hours[0]) * ROWS_PER_HOUR + wall.minute // ROW_MINUTES + 1


def _day_of(item: AgendaItem) -> date:
    return clock.to_clinic(item.starts_at).date()
