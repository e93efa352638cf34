"""Weekly hours in words: what a page says of a schedule, and of the times that are made of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from hms import clock, labels
from hms.availability.models import Mode
from hms.availability.plan import ScheduleDraft
from hms.web import formats


class Hours(Protocol):
    """An interval of a weekday: a row of a schedule, or one that is only a draft."""

    @property
    def weekday(self) -> int:
        """Monday is 0."""

    @property
    def start_minute(self) -> int:
        """Minutes after midnight on the wall."""

    @property
    def end_minute(self) -> int:
        """Minutes after midnight on the wall; 1440 is the next midnight."""

    @property
    def mode(self) -> str:
        """How visits take place."""


class Period(NamedTuple):
    """A schedule as a line of a list."""

    id: UUID | None
    period: str
    words: str
    state: str
    is_over: bool


class HasStart(Protocol):
    """A time that is or would be offered."""

    @property
    def starts_at(self) -> datetime:
        """Aware, UTC."""


def line(schedule: ScheduleDraft) -> Period:
    """A schedule in words, and whether it holds now."""
    state = state_of(schedule.valid_from, schedule.valid_until)
    text = "; ".join(f"{days} {times}" for days, times in week(schedule.hours)) + zone_note(schedule.timezone)
    when = period(schedule.valid_from, schedule.valid_until)
    return Period(schedule.schedule_id, when, text, state, state == "Ended")


def state_of(valid_from: date, valid_until: date | None) -> str:
    """``Now``, ``Coming`` or ``Ended``."""
    if valid_until and valid_until < clock.today():
        return "Ended"
    return "Coming" if valid_from > clock.today() else "Now"


def period(valid_from: date, valid_until: date | None) -> str:
    """``From 23 November 2026``, or ``23 November 2026 to 4 December 2026``."""
    return f"{day_words(valid_from)} to {day_words(valid_until)}" if valid_until else f"From {day_words(valid_from)}"


def week(hours: Iterable[Hours]) -> list[tuple[str, str]]:
    """Days with equal hours together: ``("Mon to Fri", "09:00–12:00, 13:00–17:00")``."""
    by_day: dict[int, list[str]] = defaultdict(list)
    for one in sorted(hours, key=lambda one: (one.weekday, one.start_minute)):
        by_day[one.weekday].append(_interval(one))
    groups: list[tuple[list[int], str]] = []
    for day, intervals in sorted(by_day.items()):
        text = ", ".join(intervals)
        if groups and groups[-1][1] == text and groups[-1][0][-1] == day - 1:
            groups[-1][0].append(day)
        else:
            groups.append(([day], text))
    return [(_days(days), text) for days, text in groups]


def zone_note(timezone: str | None) -> str:
    """What to add to hours that are on another wall than the clinic's."""
    return f" ({zone_title(timezone)})" if timezone and timezone != clock.clinic_zone().key else ""


def zone_title(timezone: str | None) -> str:
    """``Madrid time``; without a zone the clinic's."""
    return formats.zone_time(timezone) if timezone else formats.clinic_time()


def by_day(times: Iterable[HasStart]) -> list[tuple[str, list[str]]]:
    """Times under their days, on the clinic's wall: ``("Mon 30 Nov", ["09:00", "09:20"])``."""
    days: dict[date, list[datetime]] = defaultdict(list)
    for time in times:
        days[clock.to_clinic(time.starts_at).date()].append(time.starts_at)
    return [
        (formats.short_day(day), [formats.time(moment) for moment in sorted(moments)])
        for day, moments in sorted(days.items())
    ]


def clock_changes(first_day: date, last_day: date, *, zone: ZoneInfo) -> list[str]:
    """A sentence for each day on which the clocks of ``zone`` change."""
    days = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    return [_clock_change(day, zone) for day in days if clock.is_changed_on(day, zone=zone)]


def _clock_change(day: date, zone: ZoneInfo) -> str:
    starts_at, ends_at = clock.day_bounds(day, zone=zone)
    way = "back" if ends_at - starts_at > timedelta(days=1) else "forward"
    name = zone_title(zone.key).removesuffix(" time").replace("UK", "the UK")
    place = "" if zone.key == clock.clinic_zone().key else f" in {name}"
    return f"The clocks go {way}{place} on {formats.plain_day(day)}. Your hours follow the new time."


def _interval(one: Hours) -> str:
    text = f"{_wall(one.start_minute)}\u2013{_wall(one.end_minute)}"
    return f"{text} {labels.within(labels.MODES[one.mode])}" if one.mode != Mode.IN_PERSON else text


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(days: Sequence[int]) -> str:
    first, last = labels.SHORT_WEEKDAYS[days[0]], labels.SHORT_WEEKDAYS[days[-1]]
    return first if first == last else f"{first} to {last}"


def day_words(day: date) -> str:
    """``30 November 2026``."""
    return formats.day(day).split(" ", 1)[1]
