"""Which times a doctor's schedules make, and why there are none at all others.

Pure: everything comes in as arguments, nothing is read or written. The service makes the table equal to the plan, and a
page for staff reads the reasons.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from hms import clock
from hms.availability import local_days

MARGIN = timedelta(days=2)
"""Two walls show dates at most this far apart (UTC-12 and UTC+14)."""


class Reason(StrEnum):
    """Why a patient is offered nothing: the reasons of the plan, then those that only the day as it stands can tell."""

    OUTSIDE_HOURS = "outside-hours"
    TIME_OFF = "time-off"
    CLOSURE = "closure"
    REMOVED = "removed"
    GAP = "gap"
    REMAINDER = "remainder"
    CLOCK_CHANGE = "clock-change"

    BOOKED = "booked"
    HELD = "held"
    BLOCKED = "blocked"
    CALENDAR = "calendar"
    OVERLAP = "overlap"
    BEING_MADE = "being-made"
    MINIMUM_NOTICE = "minimum-notice"
    BEYOND_HORIZON = "beyond-horizon"
    PAST = "past"
    DOCTOR_PENDING = "doctor-pending"
    DOCTOR_LEFT = "doctor-left"


class HoursDraft(NamedTuple):
    """Visits that follow each other on one weekday (Monday 0), in minutes since midnight on the wall; 1440 is the next
    midnight. Without ``gap_minutes`` the gap after a visit is that of the rules."""

    weekday: int
    start_minute: int
    end_minute: int
    visit_minutes: int
    gap_minutes: int | None = None
    mode: str = "in-person"


class ScheduleDraft(NamedTuple):
    """Weekly hours from one day to another, both included, on the wall of ``timezone`` or else of the clinic."""

    schedule_id: UUID | None
    valid_from: date
    valid_until: date | None
    timezone: str | None
    hours: Sequence[HoursDraft]


class Away(NamedTuple):
    """Time off, or (``single``) one time that the doctor has removed."""

    starts_at: datetime
    ends_at: datetime
    note: str = ""
    single: bool = False


class Closed(NamedTuple):
    """Whole days, both included, on which the clinic is closed."""

    first_day: date
    last_day: date
    name: str


class PlannedSlot(NamedTuple):
    """A time that should be offered."""

    starts_at: datetime
    ends_at: datetime
    mode: str


class Hidden(NamedTuple):
    """A segment without a time that is offered, and why. It is empty where the wall clock skips hours of work."""

    starts_at: datetime
    ends_at: datetime
    reason: Reason
    note: str = ""


class Plan(NamedTuple):
    """Times and reasons in order. Together they cover the days asked for, without overlap; a time that goes over
    midnight belongs to both of its days."""

    slots: list[PlannedSlot]
    hidden: list[Hidden]


Piece = PlannedSlot | Hidden


def plan(
    schedules: Iterable[ScheduleDraft],
    *,
    time_off: Iterable[Away],
    closures: Iterable[Closed],
    gap_minutes: int,
    first_day: date,
    last_day: date,
    clinic_zone: ZoneInfo,
) -> Plan:
    """What the schedules make of ``first_day`` to ``last_day`` (both included, on the clinic's wall)."""
    starts_at, ends_at = (
        clock.start_of_day(first_day, zone=clinic_zone),
        clock.day_bounds(last_day, zone=clinic_zone)[1],
    )
    pieces = [
        piece
        for piece in _working_hours(list(schedules), gap_minutes, first_day, last_day, clinic_zone)
        if piece.starts_at < ends_at and (piece.ends_at > starts_at or piece.starts_at == piece.ends_at >= starts_at)
    ]
    covers = _covers(time_off, closures, clinic_zone, pieces)
    pieces = sorted((_covered(piece, covers) for piece in pieces), key=lambda piece: piece[:2])
    hidden = _with_the_rest([_clipped(piece, starts_at, ends_at) for piece in pieces], starts_at, ends_at)
    return Plan([piece for piece in pieces if isinstance(piece, PlannedSlot)], hidden)


def _working_hours(
    schedules: list[ScheduleDraft], gap_minutes: int, first_day: date, last_day: date, clinic_zone: ZoneInfo
) -> Iterator[Piece]:
    """What the schedules alone make of these days: times, and the reasons between them."""
    zones = [clock.zone_named(each.timezone) if each.timezone else clinic_zone for each in schedules]
    starts = [clock.start_of_day(each.valid_from, zone=zone) for each, zone in zip(schedules, zones, strict=True)]
    for schedule, zone in zip(schedules, zones, strict=True):
        later = (at for other, at in zip(schedules, starts, strict=True) if other.valid_from > schedule.valid_from)
        successor_at = min(later, default=None)  # on its own wall it may begin before this schedule's last day is over
        day = max(schedule.valid_from, first_day - MARGIN)
        while day <= min(schedule.valid_until or last_day + MARGIN, last_day + MARGIN):
            for hours in schedule.hours:
                if hours.weekday == day.weekday():
                    yield from _day(hours, local_days.local_day(day, zone), gap_minutes, successor_at)
            day += local_days.DAY


def _day(hours: HoursDraft, day: local_days.LocalDay, gap_minutes: int, until: datetime | None) -> Iterator[Piece]:
    """One interval of work on one day, and what the clocks take from it."""
    start, end = timedelta(minutes=hours.start_minute), timedelta(minutes=hours.end_minute)
    visit = timedelta(minutes=hours.visit_minutes)
    gap = timedelta(minutes=gap_minutes if hours.gap_minutes is None else hours.gap_minutes)
    for starts_at, ends_at in local_days.joined(part for each in day.once if (part := each.between(start, end))):
        if until is None or starts_at < until:
            yield from _visits(starts_at, min(ends_at, until or ends_at), visit, gap, hours.mode)
    for segment in day.again:
        part = segment.between(start, end)
        if part and (until is None or part.starts_at < until):
            ends_at = min(part.ends_at, until or part.ends_at)
            yield Hidden(part.starts_at, ends_at, Reason.CLOCK_CHANGE, _second(part))
    for skipped in day.skipped:
        if max(start, skipped.start) < min(end, skipped.end) and (until is None or skipped.at < until):
            note = f"{_wall(max(start, skipped.start))} to {_wall(min(end, skipped.end))}"
            yield Hidden(skipped.at, skipped.at, Reason.CLOCK_CHANGE, note)


def _visits(starts_at: datetime, ends_at: datetime, visit: timedelta, gap: timedelta, mode: str) -> Iterator[Piece]:
    """Visits of real minutes, a gap after each but the last, and what is too short for one more."""
    at = starts_at
    while at + visit <= ends_at:
        if at > starts_at and gap:
            yield Hidden(at - gap, at, Reason.GAP)
        yield PlannedSlot(at, at + visit, mode)
        at += visit + gap
    end_of_work = starts_at if at == starts_at else at - gap
    if end_of_work < ends_at:
        yield Hidden(end_of_work, ends_at, Reason.REMAINDER)


def _covers(
    time_off: Iterable[Away], closures: Iterable[Closed], clinic_zone: ZoneInfo, pieces: list[Piece]
) -> list[Hidden]:
    """What takes times out of these working hours; the clinic's closures speak first, single times last."""
    if not pieces:
        return []
    starts_at, ends_at = min(piece.starts_at for piece in pieces), max(piece.ends_at for piece in pieces)
    covers = [
        Hidden(
            clock.start_of_day(closed.first_day, zone=clinic_zone),
            clock.day_bounds(closed.last_day, zone=clinic_zone)[1],
            Reason.CLOSURE,
            closed.name,
        )
        for closed in closures
    ]
    covers += [
        Hidden(away.starts_at, away.ends_at, Reason.REMOVED if away.single else Reason.TIME_OFF, away.note)
        for away in sorted(time_off, key=lambda away: (away.single, away.starts_at, away.ends_at, away.note))
    ]
    return [cover for cover in covers if cover.starts_at < ends_at and cover.ends_at > starts_at]


def _covered(piece: Piece, covers: list[Hidden]) -> Piece:
    """A time goes as a whole when anything touches it; a pause takes another reason when it is covered whole."""
    for cover in covers:
        touched = cover.starts_at < piece.ends_at and piece.starts_at < cover.ends_at
        within = cover.starts_at <= piece.starts_at and piece.ends_at <= cover.ends_at
        if touched and (within or isinstance(piece, PlannedSlot)):
            return Hidden(piece.starts_at, piece.ends_at, cover.reason, cover.note)
    return piece


def _clipped(piece: Piece, starts_at: datetime, ends_at: datetime) -> Piece:
    if isinstance(piece, PlannedSlot):
        return piece
    return piece._replace(starts_at=max(piece.starts_at, starts_at), ends_at=min(piece.ends_at, ends_at))


def _with_the_rest(pieces: list[Piece], starts_at: datetime, ends_at: datetime) -> list[Hidden]:
    """The reasons of the pieces in order, like neighbours made one, and *outside hours* for all between."""
    hidden: list[Hidden] = []
    for piece in pieces:
        if piece.starts_at > starts_at:
            _append(hidden, Hidden(starts_at, piece.starts_at, Reason.OUTSIDE_HOURS))
        if isinstance(piece, Hidden):
            _append(hidden, piece)
        starts_at = max(starts_at, piece.ends_at)
    if starts_at < ends_at:
        _append(hidden, Hidden(starts_at, ends_at, Reason.OUTSIDE_HOURS))
    return hidden


def _append(hidden: list[Hidden], piece: Hidden) -> None:
    last = hidden[-1] if hidden else None
    if last and last.ends_at == piece.starts_at and last[2:] == piece[2:]:
        hidden[-1] = last._replace(ends_at=piece.ends_at)
    else:
        hidden.append(piece)


def _second(part: local_days.Segment) -> str:
    return f"{_wall(part.wall)} to {_wall(part.wall + (part.ends_at - part.starts_at))}"


def _wall(since_midnight: timedelta) -> str:
    minutes = since_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"
