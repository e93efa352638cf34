"""One week of a doctor: the strip of days, the times of the day that is open, and what the rules say at its edges."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from flask import url_for

from hms import clock
from hms.availability.booking_rules import BookingRules, counted
from hms.availability.models import Mode
from hms.availability.queries import DaySummary, FreeTime, Week
from hms.directory.queries import DoctorProfile
from hms.directory.slot_picker.promise import promise_of_day
from hms.directory.slot_picker.query import Kind, first_of
from hms.labels import MODES
from hms.scheduling.slot_links import WEEK, Address, Time, time_link, to_booking
from hms.web import formats

PARTS_OF_THE_DAY = (
    ("Morning", "before 12:00", 0, 12),
    ("Afternoon", "12:00 to 17:00", 12, 17),
    ("Evening", "from 17:00", 17, 24),
)
ICONS = {Mode.IN_PERSON: "building-2", Mode.ONLINE: "video"}


class Day(NamedTuple):
    """One day of the week strip; without ``href`` it cannot be chosen, and ``why`` says why."""

    iso: str
    weekday: str
    day: int
    full: str
    free: int
    href: str | None
    on: bool
    why: str
    is_closed: bool = False


class Group(NamedTuple):
    """The free times of one part of a day."""

    name: str
    note: str
    times: list[Time]


class WeekPicker(NamedTuple):
    """One week of a doctor with one day open; ``heading`` and ``groups`` are empty when the week has nothing free.

    ``horizon`` says how far bookings are open, where the week reaches that far; ``not_yet``, from when a week beyond
    it can be booked; ``by_phone``, how soon a time has to be asked for by telephone, where the week has such a time.
    ``closed`` says that the clinic is closed on the day that was asked for; ``instead``, that another day is shown;
    ``promise``, until when a time of the day that is shown can be cancelled.
    """

    kinds: list[tuple[str, str, bool, str]]
    days: list[Day]
    earlier: str | None
    later: str | None
    week: str
    heading: str
    groups: list[Group]
    horizon: str
    not_yet: str
    by_phone: str
    clock_change: str
    zone_name: str
    asked: date | None = None
    after: Day | None = None
    first_at: str = ""
    closed: str = ""
    instead: str = ""
    promise: str = ""
    has_online: bool = False


class Links(NamedTuple):
    """Where a day of the strip leads, for a kind of visit where there is a choice, and where a free time does."""

    day: Callable[[date | None, str | None], str]
    time: Address


def booking_links(doctor_id: UUID) -> Links:
    """The doctor's own page, and the page that books."""
    to_day = lambda day, visit: url_for(  # noqa: E731
        "directory.doctor", doctor_id=doctor_id, day=day.isoformat() if day else None, visit=visit
    )
    return Links(to_day, to_booking)


def week_picker(
    profile: DoctorProfile,
    week: Week,
    day: date,
    *,
    kind: Kind,
    links: Links | None = None,
    closures: Mapping[date, str] | None = None,
) -> WeekPicker:
    """The seven days with ``day`` open, or, when nothing is free then, the next of them that has a free time.

    ``closures`` says of days on which the clinic is closed why it is.
    """
    closures = closures or {}
    days, rules, doctor = week.days(), profile.rules, profile.doctor
    links = links or booking_links(doctor.id)
    open_day = _day_to_open(days, day)
    shown = open_day.day if open_day and day not in closures else day
    earlier, later = _weeks_beside(week.monday, rules)
    strip = [
        _day(summary, links, rules, kind, is_open=summary.day == shown, closed=closures.get(summary.day, ""))
        for summary in days
    ]
    return WeekPicker(
        kinds=_kinds(links, kind),
        days=strip,
        earlier=_day_link(links, earlier, kind) if earlier else None,
        later=_day_link(links, later, kind) if later else None,
        week=f"{_day_and_month(week.monday)} to {_day_and_month(days[6].day)}",
        heading=f"{formats.plain_day(shown)}, {counted(len(open_day.free), 'free slot')}" if open_day else "",
        groups=_groups(open_day.free, doctor.full_name, kind, links) if open_day else [],
        horizon=_horizon(rules) if days[6].day >= rules.last_day else "",
        not_yet=_not_yet(week.monday, rules),
        by_phone=_by_phone(rules) if any(summary.too_soon for summary in days) else "",
        clock_change=_clock_change(shown),
        zone_name=formats.zone_name(open_day.free[0].starts_at if open_day else clock.start_of_day(shown)),
        asked=day,
        closed=closures.get(day, ""),
        after=next((one for one in strip if one.free and one.iso > day.isoformat()), None),
        first_at=open_day.free[0].starts_at.isoformat() if open_day else "",
        instead=_instead(days, day, shown),
        promise=promise_of_day([free.starts_at for free in open_day.free], rules) if open_day else "",
        has_online=kind.mode == Mode.ONLINE or any(free.mode == Mode.ONLINE for free in open_day.free)
        if open_day
        else False,
    )


def _kinds(links: Links, kind: Kind) -> list[tuple[str, str, bool, str]]:
    """The two kinds to choose from: words, address, whether it is chosen, icon."""
    if kind.mode is None:
        return []
    return [(MODES[mode], links.day(None, mode.value), mode == kind.mode, icon) for mode, icon in ICONS.items()]


def _horizon(rules: BookingRules) -> str:
    return f"You can book up to {formats.plain_day(rules.last_day)} ({rules.horizon_words} ahead)."


def _not_yet(monday: date, rules: BookingRules) -> str:
    """From when the first day of a week can be booked; nothing for a week that is open, if only in part."""
    if monday <= rules.last_day:
        return ""
    return f"{formats.plain_day(monday)} can be booked from {formats.day(rules.opens_on(monday))}."


def _by_phone(rules: BookingRules) -> str:
    """``the next hour``, ``the next 90 minutes``."""
    return f"the next {rules.notice_words.removeprefix('1 ')}"


def _day_to_open(days: list[DaySummary], day: date) -> DaySummary | None:
    with_times = [summary for summary in days if summary.free]
    return next((summary for summary in with_times if summary.day >= day), with_times[-1] if with_times else None)


def _day(summary: DaySummary, links: Links, rules: BookingRules, kind: Kind, *, is_open: bool, closed: str) -> Day:
    return Day(
        iso=summary.day.isoformat(),
        weekday=formats.short_day(summary.day)[:3],
        day=summary.day.day,
        full=formats.plain_day(summary.day),
        free=len(summary.free),
        href=_day_link(links, summary.day, kind) if summary.free or closed else None,
        on=is_open,
        why="Closed" if closed else _why_not(summary, rules),
        is_closed=bool(closed) and not summary.free,
    )


def _why_not(summary: DaySummary, rules: BookingRules) -> str:
    if summary.day < clock.today():
        return "Past"
    if summary.day > rules.last_day:
        return "Not yet"
    if summary.too_soon:
        return "Call us"
    return "Full" if summary.offered and summary.day > clock.today() else "None"


def _day_link(links: Links, day: date, kind: Kind) -> str:
    return links.day(day, kind.mode.value if kind.mode == Mode.ONLINE else None)


def _weeks_beside(monday: date, rules: BookingRules) -> tuple[date | None, date | None]:
    """A day of the seven before and of the seven after, between today and the last day that can be booked."""
    first, last = clock.today(), first_of(min(rules.last_day, clock.LAST_DAY))
    earlier = min(monday - WEEK, last)
    later = monday + WEEK
    return max(earlier, clock.today()) if earlier >= first else None, later if later <= last else None


def _groups(free: Sequence[FreeTime], name: str, kind: Kind, links: Links) -> list[Group]:
    groups = []
    for part, note, first_hour, end_hour in PARTS_OF_THE_DAY:
        of_part = [one for one in free if first_hour <= clock.to_clinic(one.starts_at).hour < end_hour]
        if of_part:
            groups.append(Group(part, note, [time_link(one, name, mode=kind.mode, to=links.time) for one in of_part]))
    return groups


def _instead(days: Sequence[DaySummary], asked: date, shown: date) -> str:
    """That another day is shown than the one that was asked for."""
    if asked == shown or asked not in {summary.day for summary in days}:
        return ""
    return f"There are no free slots on {formats.plain_day(asked)}. This is the nearest day that has some."


def _clock_change(day: date) -> str:
    """A sentence for a day on which the clocks change; nothing for the others."""
    if not clock.is_changed_on(day):
        return ""
    starts_at, ends_at = clock.day_bounds(day)
    way = "forward" if ends_at - starts_at < timedelta(days=1) else "back"
    return f"The clocks go {way} on {formats.plain_day(day)}. Each time is what the clock on the wall shows then."


def _day_and_month(day: date) -> str:
    return formats.plain_day(day).split(" ", 1)[1]
