"""The only place that reads the time or knows the clinic's zone.

Moments are aware datetimes in UTC. Wall clock times enter through :func:`from_clinic` and leave through
:func:`to_clinic`. Import the module, not its functions, so that a test can replace one name.

Rows of several machines are compared with each other, so there is one clock for all of them: the database's. A process
reads it again and again (``hms.config.timekeeping``), and in between counts on by its own monotonic clock, which nobody
can set. Until it was read once, the machine's own clock stands in.
"""

import time as machine
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from flask import current_app

from hms.errors import Invalid

MAX_APART_SECONDS = 30.0
"""How far a machine's clock may be from the database's; beyond, one of them is wrong, and nobody knows which."""

STEADY_SECONDS = 0.05
SLACK = timedelta(seconds=30)
"""What is marked with a moment further ahead than this was marked by a clock that was wrong."""

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class NoSuchTime(Invalid):
    """The wall clock skips this time, because the clocks go forward over it."""

    code = "no-such-time"


class Reading(NamedTuple):
    """The database's clock and both of this machine's, in seconds, at one moment."""

    database: float
    machine: float
    monotonic: float

    @property
    def ahead(self) -> float:
        """By how many seconds this machine's clock is ahead of the database's."""
        return self.machine - self.database


_reading: Reading | None = None


def now() -> datetime:
    """The present moment by the database's clock, aware, in UTC."""
    if _reading is None:
        return datetime.now(UTC)
    return datetime.fromtimestamp(_reading.database + machine.monotonic() - _reading.monotonic, UTC)


def follow(database: float, *, asked_at: float) -> Reading:
    """Go by the database's clock, which was asked at ``asked_at`` (monotonic) and showed ``database`` (Unix time).

    While it shows what was expected, give or take the way there and back, nothing is moved: time does not tremble.
    """
    global _reading
    answered_at, here = machine.monotonic(), machine.time()
    way = (answered_at - asked_at) / 2
    expected = _reading.database + answered_at - way - _reading.monotonic if _reading else None
    if expected is not None and abs(expected - database) <= way + STEADY_SECONDS:
        database = expected
    _reading = Reading(database, here - way, answered_at - way)
    return _reading


def was_read_within(seconds: float) -> bool:
    """Whether the database's clock was read so short a time ago, by both of this machine's clocks.

    When somebody sets the machine's clock, it has to be read again.
    """
    if _reading is None:
        return False
    passed = (machine.monotonic() - _reading.monotonic, machine.time() - _reading.machine)
    return all(0 <= each < seconds for each in passed)


def trouble() -> str | None:
    """In a sentence by how much this machine's clock and the database's differ, if that is too much to act on time."""
    if _reading is None or abs(_reading.ahead) <= MAX_APART_SECONDS:
        return None
    way = "ahead of" if _reading.ahead > 0 else "behind"
    return f"This machine's clock is {abs(_reading.ahead):.0f} seconds {way} the database's. Set both by a time server."


@lru_cache
def known_zones() -> frozenset[str]:
    """The names of all zones in the time-zone database; anything else is not a zone."""
    return frozenset(available_timezones())


@lru_cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; ``ValueError`` when the time-zone database has none."""
    if name not in known_zones():
        raise ValueError(f"{name!r} isn’t in the time-zone database")
    return ZoneInfo(name)


def clinic_zone() -> ZoneInfo:
    """The zone on the clinic's wall (``HMS_CLINIC_TIMEZONE``)."""
    return zone_named(current_app.config["CLINIC_TIMEZONE"])


def from_clinic(day: date, at: time, *, zone: ZoneInfo | None = None) -> datetime:
    """The moment at which the wall clock shows ``at`` on ``day``; the first one where it shows it twice.

    Raises :class:`NoSuchTime` for a time that the clocks skip, :class:`Invalid` outside the years 2000 to 2099.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid("Enter a year between 2000 and 2099.")
    zone = zone or clinic_zone()
    wall = datetime.combine(day, at.replace(fold=0, tzinfo=None))
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        raise NoSuchTime(f"{at:%H:%M} doesn’t exist on that day because the clocks go forward.")
    return moment


def moments_at(day: date, at: time, *, zone: ZoneInfo | None = None) -> list[datetime]:
    """Every moment at which the wall clock shows ``at`` on ``day``: two where it comes twice, none where it is skipped.

    Raises :class:`Invalid` outside the years 2000 to 2099.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid("Enter a year between 2000 and 2099.")
    return _moments_at(day, at, zone=zone)


def _moments_at(day: date, at: time, *, zone: ZoneInfo | None) -> list[datetime]:
    zone = zone or clinic_zone()
    wall = datetime.combine(day, at.replace(fold=0, tzinfo=None))
    shown = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(moment for moment in shown if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall)


def first_doubled(first: date, last: date, at: time, *, weekdays: Collection[int]) -> date | None:
    """The first of these days of the week (Monday 0), from ``first`` to ``last``, on which the wall clock shows ``at``
    twice; None when there is none within a year of ``first``. Raises :class:`Invalid` outside the years 2000 to 2099.
    """
    days = (first + timedelta(days=n) for n in range(min((last - first).days, 365) + 1))
    return next((day for day in days if day.weekday() in weekdays and len(moments_at(day, at)) > 1), None)


def on_wall(day: date, at: time, *, zone: ZoneInfo | None = None) -> datetime:
    """As :func:`from_clinic`, but the second moment where the wall shows the time twice and ``at.fold`` says so.

    The way back from :func:`to_clinic`, whose times carry their ``fold``.
    """
    moments = moments_at(day, at, zone=zone)
    return moments[-1] if at.fold and moments else from_clinic(day, at, zone=zone)


def ends_after(starts_at: datetime, at: time, *, zone: ZoneInfo | None = None) -> list[datetime]:
    """When something that begins at ``starts_at`` can end, so that the wall shows ``at`` then, soonest first.

    That is on the same day, or on the next one when the wall shows ``at`` no more that day; two moments where it comes
    twice. Midnight is the end of the day also where the clocks skip it. Raises :class:`NoSuchTime`, :class:`Invalid`.
    """
    begin = to_clinic(starts_at, zone=zone)
    if later := [moment for moment in moments_at(begin.date(), at, zone=zone) if moment > starts_at]:
        return later
    if at.replace(fold=0) > begin.time().replace(fold=0):
        return [from_clinic(begin.date(), at, zone=zone)]  # which says that it is skipped
    midnight = day_bounds(begin.date(), zone=zone)[1]
    next_day = to_clinic(midnight, zone=zone).date()
    if at.replace(fold=0) == time.min:
        return _moments_at(next_day, at, zone=zone) or [midnight]
    return moments_at(next_day, at, zone=zone) or [from_clinic(next_day, at, zone=zone)]


def from_seconds(seconds: str) -> datetime:
    """The moment so many whole seconds after 1970 began (Unix time)."""
    return datetime.fromtimestamp(int(seconds), UTC)


def to_clinic(moment: datetime, *, zone: ZoneInfo | None = None) -> datetime:
    """What the wall clock shows at ``moment``."""
    return moment.astimezone(zone or clinic_zone())


def today(*, zone: ZoneInfo | None = None) -> date:
    """The day on the wall calendar at this moment."""
    return to_clinic(now(), zone=zone).date()


def start_of_day(day: date, *, zone: ZoneInfo | None = None) -> datetime:
    """The first moment of ``day`` on the wall; where midnight is skipped, the moment of the skip."""
    return datetime.combine(day, time.min, zone or clinic_zone()).astimezone(UTC)


def monday_of(day: date) -> date:
    """The Monday of that day's week."""
    return day - timedelta(days=day.weekday())


def day_bounds(day: date, *, zone: ZoneInfo | None = None) -> tuple[datetime, datetime]:
    """``[first moment, first moment of the next day)``: 23, 24 or 25 hours, or none for a day that was skipped."""
    return start_of_day(day, zone=zone), start_of_day(day + timedelta(days=1), zone=zone)


def is_doubled(moment: datetime, *, zone: ZoneInfo | None = None) -> bool:
    """Whether the wall clock shows this time twice that day, so that it needs the zone's letters beside it."""
    wall = to_clinic(moment, zone=zone)
    first, second = wall.replace(fold=0), wall.replace(fold=1)
    return first.utcoffset() > second.utcoffset()  # type: ignore[operator]  # both are aware


def is_changed_on(day: date, *, zone: ZoneInfo | None = None) -> bool:
    """Whether the clocks change on ``day``."""
    starts_at, ends_at = day_bounds(day, zone=zone)
    return ends_at - starts_at != timedelta(days=1)


def age_in_years(born_on: date, *, on: date) -> int:
    """Whole years on that day; who was born on 29 February has a birthday on 1 March in other years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
