"""Single free times as links: on a doctor's card, in a doctor's day, instead of one that is taken."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from flask import url_for

from hms import clock
from hms.availability.models import Mode, Slot
from hms.availability.queries import FreeTime
from hms.scheduling.models import Appointment
from hms.web import formats

WEEK = timedelta(days=7)

Address = Callable[[UUID, str | None], str]
"""Where a free time leads: its slot, and the kind of visit where there is a choice."""


class Time(NamedTuple):
    """A free time as a link: what is seen, where it leads, what it is called, its weekday where that is not plain.

    ``online`` marks one among others that is a visit online; ``label`` is its name in a sentence.
    """

    text: str
    href: str
    full: str
    weekday: str | None = None
    online: bool = False
    label: str = ""


def to_booking(slot_id: UUID, visit: str | None) -> str:
    """The page that books the time."""
    return url_for("patient.book", slot_id=slot_id, visit=visit)


def times_instead(
    free: Sequence[FreeTime], *, of: Slot, mode: Mode | None = None, to: Address = to_booking
) -> list[Time]:
    """Free times of the slot's doctor as links; one on another day than the slot names its weekday.

    Where a time is open to both kinds of visit, it leads to the one that was wanted before.
    """
    day = clock.to_clinic(of.starts_at).date()
    return [time_link(one, of.doctor.user.full_name, beside=day, mode=mode, to=to) for one in free]


def time_link(
    free: FreeTime, name: str, *, beside: date | None = None, mode: Mode | None = None, to: Address = to_booking
) -> Time:
    """A free time as a link, which says its weekday when it is on another day than ``beside``."""
    at, day = formats.time(free.starts_at), clock.to_clinic(free.starts_at).date()
    is_choice = free.mode == Mode.BOTH and mode == Mode.ONLINE
    online = is_choice or free.mode == Mode.ONLINE
    return Time(
        text=at,
        href=to(free.slot_id, Mode.ONLINE.value if is_choice else None),
        full=f"{at} on {formats.plain_day(day)} with {name}{', online' if online else ''}",
        weekday=_named(day, beside) if beside and day != beside else None,
        online=online and mode != Mode.ONLINE,
        label=f"{formats.short_day(day)} {at}{' online' if online else ''}",
    )


def _named(day: date, beside: date) -> str:
    """``Fri``; from a week away on ``Fri 4 Dec``, as the weekday alone would mislead."""
    return formats.short_day(day)[:3] if abs(day - beside) < WEEK else formats.short_day(day)


def nearest(free: Sequence[FreeTime], *, to: Slot, excluding: Sequence[Appointment], count: int = 3) -> list[FreeTime]:
    """The ``count`` times nearest to a slot that overlap none of the patient's own appointments, in order of time."""
    possible = [time for time in free if not any(overlaps(time, appointment) for appointment in excluding)]
    closest = sorted(possible, key=lambda time: abs(time.starts_at - to.starts_at))[:count]
    return sorted(closest, key=lambda time: time.starts_at)


def overlaps(one: FreeTime | Slot, other: Appointment) -> bool:
    """Whether two half-open intervals share a moment."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at
