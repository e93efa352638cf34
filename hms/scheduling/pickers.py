"""Free times made ready for pages: words and addresses, nothing read and nothing decided.

What the templates of the directory and of the booking page draw with ``ui/slots.html`` and ``ui/person.html``.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from flask import url_for

from hms import clock
from hms.auth.models import Doctor, Specialty
from hms.scheduling.models import Appointment, Slot
from hms.scheduling.queries import DaySummary, DoctorCard, DoctorProfile, FreeTime
from hms.web import formats

PARTS_OF_THE_DAY = (
    ("Morning", "before 12:00", 0, 12),
    ("Afternoon", "12:00 to 17:00", 12, 17),
    ("Evening", "from 17:00", 17, 24),
)
WEEKS_AHEAD = 53
WEEK = timedelta(days=7)


class Time(NamedTuple):
    """A free time as a link: what is seen, where it leads, what it is called, its weekday where that is not plain."""

    text: str
    href: str
    full: str
    weekday: str | None = None


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


class Group(NamedTuple):
    """The free times of one part of a day."""

    name: str
    note: str
    times: list[Time]


class WeekPicker(NamedTuple):
    """One week of a doctor with one day open; ``heading`` and ``groups`` are empty when the week has nothing free."""

    days: list[Day]
    earlier: str | None
    later: str | None
    week: str
    heading: str
    groups: list[Group]
    clock_change: str
    zone_name: str


class Result(NamedTuple):
    """One doctor in the list of results."""

    uid: str
    name: str
    href: str
    subtitle: str
    photo: str | None
    place: str
    heading: str
    times: list[Time]


def day_asked(text: str, earliest: FreeTime | None) -> date:
    """The day in an address; for anything else, and for a day gone by, the day of the earliest free time, or today."""
    default = clock.to_clinic(earliest.starts_at).date() if earliest else clock.today()
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return default
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return default
    return day if clock.today() <= day <= clock.LAST_DAY else default


def monday_of(day: date) -> date:
    """The Monday of that day's week."""
    return day - timedelta(days=day.weekday())


def page_asked(text: str) -> int:
    """The number of a page in an address, from 1 to 999; 1 for anything else."""
    return max(1, int(text)) if re.fullmatch(r"\d{1,3}", text, re.ASCII) else 1


def specialty_meant(words: str, specialties: Sequence[tuple[Specialty, int]]) -> Specialty | None:
    """The one specialty whose name holds these words, if there is exactly one."""
    found = [specialty for specialty, _ in specialties if words.casefold() in specialty.name.casefold()]
    return found[0] if len(found) == 1 else None


def result(card: DoctorCard) -> Result:
    """A doctor's card: the day of the first time as heading; a time on another day names its weekday."""
    first = clock.to_clinic(card.times[0].starts_at).date() if card.times else None
    return Result(
        uid=str(card.doctor_id),
        name=card.full_name,
        href=url_for("directory.doctor", doctor_id=card.doctor_id),
        subtitle=", ".join(filter(None, [card.specialty, _with_experience(card.years_of_experience)])),
        photo=photo_address(card.doctor_id, card.photo_version),
        place=", ".join(filter(None, [card.room, fee(card)])),
        heading=formats.near_day(first) if first else "",
        times=[_time(free, card.full_name, beside=first) for free in card.times],
    )


def _with_experience(years: int) -> str:
    owner = "year\u2019s" if years == 1 else "years\u2019"
    return f"{years} {owner} experience" if years > 0 else ""


def week_picker(profile: DoctorProfile, week: list[DaySummary], day: date) -> WeekPicker:
    """The week with ``day`` open, or, when nothing is free then, the next day of the week that has a free time."""
    open_day = _day_to_open(week, day)
    shown = open_day.day if open_day else day
    return WeekPicker(
        days=[_day(summary, profile.doctor, is_open=summary.day == shown) for summary in week],
        earlier=_week_link(profile.doctor, week[0].day - WEEK),
        later=_week_link(profile.doctor, week[0].day + WEEK),
        week=f"{_day_and_month(week[0].day)} to {_day_and_month(week[6].day)}",
        heading=f"{formats.plain_day(shown)}, {_count(len(open_day.free), 'free time')}" if open_day else "",
        groups=_groups(open_day.free, profile.full_name) if open_day else [],
        clock_change=_clock_change(shown),
        zone_name=formats.zone_name(open_day.free[0].starts_at if open_day else clock.start_of_day(shown)),
    )


def _day_to_open(week: list[DaySummary], day: date) -> DaySummary | None:
    with_times = [summary for summary in week if summary.free]
    return next((summary for summary in with_times if summary.day >= day), with_times[-1] if with_times else None)


def _day(summary: DaySummary, doctor: Doctor, *, is_open: bool) -> Day:
    return Day(
        iso=summary.day.isoformat(),
        weekday=formats.short_day(summary.day)[:3],
        day=summary.day.day,
        full=formats.plain_day(summary.day),
        free=len(summary.free),
        href=_day_link(doctor, summary.day) if summary.free else None,
        on=is_open,
        why=_why_not(summary),
    )


def _why_not(summary: DaySummary) -> str:
    if summary.day < clock.today():
        return "Past"
    return "Full" if summary.offered and summary.day > clock.today() else "None"


def _day_link(doctor: Doctor, day: date) -> str:
    return url_for("directory.doctor", doctor_id=doctor.id, day=day.isoformat())


def _week_link(doctor: Doctor, monday: date) -> str | None:
    this_week = monday_of(clock.today())
    if not this_week <= monday <= min(this_week + WEEKS_AHEAD * WEEK, clock.LAST_DAY):
        return None
    return _day_link(doctor, max(monday, clock.today()))


def _groups(free: Sequence[FreeTime], name: str) -> list[Group]:
    groups = []
    for part, note, first_hour, end_hour in PARTS_OF_THE_DAY:
        times = [_time(one, name) for one in free if first_hour <= clock.to_clinic(one.starts_at).hour < end_hour]
        if times:
            groups.append(Group(part, note, times))
    return groups


def times_instead(free: Sequence[FreeTime], *, of: Slot) -> list[Time]:
    """Free times of the slot's doctor as links; one on another day than the slot names its weekday."""
    day = clock.to_clinic(of.starts_at).date()
    return [_time(one, of.doctor.user.full_name, beside=day) for one in free]


def _time(free: FreeTime, name: str, *, beside: date | None = None) -> Time:
    at, day = formats.time(free.starts_at), clock.to_clinic(free.starts_at).date()
    return Time(
        text=at,
        href=url_for("patient.book", slot_id=free.slot_id),
        full=f"{at} on {formats.plain_day(day)} with {name}",
        weekday=_named(day, beside) if beside and day != beside else None,
    )


def _named(day: date, beside: date) -> str:
    """``Fri``; from a week away on ``Fri 4 Dec``, as the weekday alone would mislead."""
    return formats.short_day(day)[:3] if abs(day - beside) < WEEK else formats.short_day(day)


def nearest(free: Sequence[FreeTime], *, to: Slot, besides: Sequence[Appointment], count: int = 3) -> list[FreeTime]:
    """The ``count`` times nearest to a slot that overlap none of the patient's own appointments, in order of time."""
    possible = [time for time in free if not any(overlaps(time, appointment) for appointment in besides)]
    closest = sorted(possible, key=lambda time: abs(time.starts_at - to.starts_at))[:count]
    return sorted(closest, key=lambda time: time.starts_at)


def overlaps(one: FreeTime | Slot, other: Appointment) -> bool:
    """Whether two half-open intervals share a moment."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def soon(moment: datetime) -> str:
    """``today, 15:20``, ``tomorrow, 09:00``, ``Thursday 26 November, 09:40``."""
    day = clock.to_clinic(moment).date()
    near = {0: "today", 1: "tomorrow"}.get((day - clock.today()).days)
    return f"{near or formats.plain_day(day)}, {formats.time(moment)}"


def experience(years: int) -> str:
    """``12 years``; nothing for less than one."""
    return _count(years, "year") if years > 0 else ""


def fee(doctor: Doctor | DoctorCard) -> str:
    """``£85``; nothing when the doctor names no fee."""
    return "" if doctor.fee_minor is None else formats.money(doctor.fee_minor, doctor.fee_currency)


def photo_address(doctor_id: object, version: str | None) -> str | None:
    """Where the doctor's picture is; none without one."""
    return url_for("directory.photo", doctor_id=doctor_id, v=version) if version else None


def _clock_change(day: date) -> str:
    """A sentence for a day on which the clocks change; nothing for the others."""
    if not clock.is_changed_on(day):
        return ""
    starts_at, ends_at = clock.day_bounds(day)
    way = "forward" if ends_at - starts_at < timedelta(days=1) else "back"
    return f"The clocks go {way} on {formats.plain_day(day)}. Each time is what the clock on the wall shows then."


def _day_and_month(day: date) -> str:
    return formats.plain_day(day).split(" ", 1)[1]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
