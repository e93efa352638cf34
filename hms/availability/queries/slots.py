"""Slots: the free ones that patients choose from, and single ones."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload

from hms import clock
from hms.auth.models import Doctor
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules, Window
from hms.availability.models import Mode, Slot, SlotStatus
from hms.db import db
from hms.errors import NotFound
from hms.prepared import Prepared


class FreeTime(NamedTuple):
    """A slot that can be booked."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    mode: str


@dataclass
class DaySummary:
    """One day of a doctor: the free times, how many times are offered in all, how many are free but too soon."""

    day: date
    free: list[FreeTime] = field(default_factory=list)
    offered: int = 0
    too_soon: int = 0


def is_free() -> ColumnElement[bool]:
    """Which slots are free, but for long past ones, in the words of the partial indexes that find them."""
    return (Slot.status == SlotStatus.FREE) & ~Slot.expired


def is_bookable(window: Window) -> ColumnElement[bool]:
    """Which slots patients may book in the window; the partial index of free slots finds them."""
    return is_free() & (Slot.starts_at >= window.opens_at) & (Slot.starts_at < window.closes_at)


def takes_place(mode: Mode) -> ColumnElement[bool]:
    """Which slots are open to visits of this kind: all but those of the other kind, as the index for them says."""
    return Slot.mode != (Mode.IN_PERSON if mode == Mode.ONLINE else Mode.ONLINE)


class Week(NamedTuple):
    """Seven days of a doctor from ``monday`` on, as the database wrote them down: ``times`` has a line for each time,
    in order, with its id, start and end (in seconds since 1970), mode, and ``free``, ``too-soon`` or ``taken``.

    Two weeks are equal when everything is that a page shows of them; what they hold is only read when it is wanted.
    """

    monday: date
    times: str

    def days(self) -> list[DaySummary]:
        """The days in clinic time, with their free times in order."""
        days = {self.monday + timedelta(days=n): DaySummary(self.monday + timedelta(days=n)) for n in range(7)}
        zone = clock.clinic_zone()
        for line in self.times.splitlines():
            slot_id, starts, ends, mode, state = line.split()
            free = FreeTime(UUID(slot_id), clock.from_seconds(starts), clock.from_seconds(ends), mode)
            summary = days[clock.to_clinic(free.starts_at, zone=zone).date()]
            summary.offered += 1
            summary.too_soon += state == "too-soon"
            if state == "free":
                summary.free.append(free)
        return list(days.values())


def week_of(doctor_id: UUID, monday: date, *, rules: BookingRules, mode: Mode | None = None) -> Week:
    """The seven days from ``monday`` on, in clinic time; only times for ``mode``, if one is named."""
    ends = {"first": clock.start_of_day(monday), "end": clock.start_of_day(monday + timedelta(days=7))}
    found = _week(mode).first(doctor_id=doctor_id, now=clock.now(), **rules.window._asdict(), **ends)
    return Week(monday, found[0])


@lru_cache
def _week(mode: Mode | None) -> Prepared:
    opens_at, closes_at, first, end = (booking_rules.moment(name) for name in ("opens_at", "closes_at", "first", "end"))
    times = times_between(first, end, Window(opens_at, closes_at)).where(Slot.doctor_id == bindparam("doctor_id"))
    return Prepared(times.where(takes_place(mode)) if mode else times)


def times_between(first: ColumnElement[datetime], end: ColumnElement[datetime], window: Window) -> Select[tuple[str]]:
    """The times that start from ``first`` to before ``end``, as :class:`Week` has them; run with ``now``."""
    is_free = Slot.status == SlotStatus.FREE
    state = case(
        (is_free & (Slot.starts_at >= window.opens_at) & (Slot.starts_at < window.closes_at), "free"),
        (is_free & (Slot.starts_at > booking_rules.moment("now")) & (Slot.starts_at < window.opens_at), "too-soon"),
        else_="taken",
    )
    seconds = (cast(func.date_part("epoch", one), BigInteger) for one in (Slot.starts_at, Slot.ends_at))
    line = func.concat_ws(literal(" ", Text), Slot.id, *seconds, Slot.mode, state)
    times = func.string_agg(line, aggregate_order_by(literal("\n", Text), Slot.starts_at))
    return select(func.coalesce(times, "").label("times")).where(
        Slot.starts_at >= first, Slot.starts_at < end, Slot.status != SlotStatus.BUSY_UNAVAILABLE
    )


def nearest_free(slot: Slot, *, rules: BookingRules, count: int = 3) -> list[FreeTime]:
    """The ``count`` bookable times of the same doctor that are nearest to ``slot``, in order of time."""
    near = {"doctor_id": slot.doctor_id, "starts_at": slot.starts_at, "count": count}
    free = [FreeTime(*row) for row in NEAREST.all(**near, **rules.window._asdict())]
    nearest = sorted(free, key=lambda free: abs(free.starts_at - slot.starts_at))
    return sorted(nearest[:count], key=lambda free: free.starts_at)


def _nearest() -> CompoundSelect[Any]:
    """So many times before a moment, and so many after it."""
    starts_at, count = booking_rules.moment("starts_at"), bindparam("count", type_=Integer)
    bookable = is_bookable(Window(booking_rules.moment("opens_at"), booking_rules.moment("closes_at")))
    columns = select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.mode)
    columns = columns.where(Slot.doctor_id == bindparam("doctor_id"), bookable)
    before = columns.where(Slot.starts_at < starts_at).order_by(Slot.starts_at.desc()).limit(count)
    after = columns.where(Slot.starts_at > starts_at).order_by(Slot.starts_at).limit(count)
    return union_all(before.subquery().select(), after.subquery().select())


NEAREST = Prepared(_nearest())
STATUS = Prepared(select(Slot.status).where(Slot.id == bindparam("slot_id")))


def find_status(slot_id: UUID) -> str | None:
    """The status of a slot as it stands now; None if there is no such slot."""
    found = STATUS.first(slot_id=slot_id)
    return found.status if found else None


def find_slot(slot_id: UUID) -> Slot | None:
    """A slot as it stands now, if it exists."""
    return db.session.scalar(select(Slot).where(Slot.id == slot_id).execution_options(populate_existing=True))


def get_slot(slot_id: UUID, *, doctor: Doctor) -> Slot:
    """A slot of this doctor."""
    return _found(db.session.scalar(_own(slot_id, doctor)))


def lock_slot(slot_id: UUID, *, doctor: Doctor) -> Slot:
    """A slot of this doctor, locked until the transaction ends and read anew."""
    locked = _own(slot_id, doctor).with_for_update(of=Slot).execution_options(populate_existing=True)
    return _found(db.session.scalar(locked))


def _own(slot_id: UUID, doctor: Doctor) -> Select:
    return select(Slot).options(joinedload(Slot.doctor)).where(Slot.id == slot_id, Slot.doctor_id == doctor.id)


def _found(slot: Slot | None) -> Slot:
    if slot is None:
        raise NotFound("We can’t find this slot. It may have been removed.")
    return slot
