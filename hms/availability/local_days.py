"""A day on a wall clock, laid out in real time, also where the clocks change.

Pure: the zone comes in, and nothing is asked of the application.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hms import clock

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


class Segment(NamedTuple):
    """A piece of real time over which the wall clock goes steadily; ``wall`` is what it shows at the start."""

    starts_at: datetime
    ends_at: datetime
    wall: timedelta  # since midnight

    def between(self, start: timedelta, end: timedelta) -> "Segment | None":
        """The part in which the wall shows ``[start, end)``, if there is any."""
        first = max(start, self.wall)
        last = min(end, self.wall + (self.ends_at - self.starts_at))
        if first >= last:
            return None
        return Segment(self.starts_at + (first - self.wall), self.starts_at + (last - self.wall), first)


class Skipped(NamedTuple):
    """Times ``[start, end)`` since midnight that the wall clock never shows, because it jumps over them at ``at``."""

    at: datetime
    start: timedelta
    end: timedelta


class LocalDay(NamedTuple):
    """A day from midnight to midnight: its times, those that come a second time, and those that do not come at all."""

    once: tuple[Segment, ...]
    again: tuple[Segment, ...]
    skipped: tuple[Skipped, ...]


@lru_cache(maxsize=8192)
def local_day(day: date, zone: ZoneInfo) -> LocalDay:
    """The day as the wall in ``zone`` shows it; nothing at all for a day that was skipped."""
    starts_at, ends_at = clock.day_bounds(day, zone=zone)
    if starts_at >= ends_at:
        return LocalDay((), (), (Skipped(starts_at, timedelta(), DAY),))
    changes_at = _change(starts_at, ends_at, zone)
    if changes_at is None:
        once, again = [_segment(day, starts_at, ends_at, zone)], []
    else:
        resumes_at = min(changes_at + _doubled(changes_at, zone), ends_at)
        bounds = ((starts_at, changes_at), (resumes_at, ends_at))
        once = [_segment(day, first, last, zone) for first, last in bounds if first < last]
        again = [_segment(day, changes_at, resumes_at, zone)] if changes_at < resumes_at else []
    return LocalDay(tuple(once), tuple(again), tuple(_skipped(once, starts_at, ends_at)))


def joined(segments: Iterable[Segment]) -> list[tuple[datetime, datetime]]:
    """Intervals of real time; two segments between which the wall clock jumps ahead are one."""
    intervals: list[tuple[datetime, datetime]] = []
    for segment in segments:
        if intervals and intervals[-1][1] == segment.starts_at:
            intervals[-1] = (intervals[-1][0], segment.ends_at)
        else:
            intervals.append((segment.starts_at, segment.ends_at))
    return intervals


def _segment(day: date, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Segment:
    wall = starts_at.astimezone(zone).replace(tzinfo=None)
    return Segment(starts_at, ends_at, wall - datetime(day.year, day.month, day.day))  # noqa: DTZ001  # both on the wall


def _change(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment within the day at which the wall clock jumps; no zone does so twice in a day."""
    before = _offset(starts_at, zone)
    if before == _offset(ends_at - SECOND, zone):
        return None
    first, last = starts_at, ends_at - SECOND  # the offset has not changed at `first`, and has at `last`
    while last - first > SECOND:
        middle = (first + (last - first) // 2).replace(microsecond=0)
        first, last = (middle, last) if _offset(middle, zone) == before else (first, middle)
    return last


def _doubled(changes_at: datetime, zone: ZoneInfo) -> timedelta:
    """How much of the wall's time comes again after the change: nothing when the clocks go forward."""
    return max(_offset(changes_at - SECOND, zone) - _offset(changes_at, zone), timedelta())


def _skipped(once: list[Segment], starts_at: datetime, ends_at: datetime) -> Iterator[Skipped]:
    at, shown = starts_at, timedelta()
    for segment in once:
        if segment.wall > shown:
            yield Skipped(segment.starts_at, shown, segment.wall)
        at, shown = segment.ends_at, segment.wall + (segment.ends_at - segment.starts_at)
    if shown < DAY:
        yield Skipped(min(at, ends_at), shown, DAY)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    """How far the wall is ahead of UTC."""
    return moment.astimezone(zone).replace(tzinfo=None) - moment.astimezone(UTC).replace(tzinfo=None)
