"""Everything that a doctor's plan is made from, and the slots that it is compared with."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from hms import clock
from hms.auth.models import Doctor, User
from hms.availability import booking_rules, reach
from hms.availability import plan as planning
from hms.availability.models import BusyTime, Closure, Schedule, Slot, TimeOff
from hms.availability.plan import Away, Closed, HoursDraft, Plan, ScheduleDraft
from hms.availability.reach import MAX_AHEAD, MAX_BEFORE_APPROVAL
from hms.availability.reconcile import OwnSlot
from hms.db import db

DAY = timedelta(days=1)
Interval = tuple[datetime, datetime]


class Offer(NamedTuple):
    """What a doctor offers in general, what takes times out of it, and the rules that shape it."""

    schedules: list[ScheduleDraft]
    time_off: list[Away]
    closures: list[Closed]
    busy: list[Interval]
    gap_minutes: int
    horizon_days: int

    @property
    def last_day(self) -> date:
        """The last day that patients can book today."""
        return clock.today() + self.horizon_days * DAY

    def reaches(self, last_day: date, *, room: int) -> date:
        """The last day up to ``last_day`` whose times are made where there is room for so many."""
        days = {"first_day": clock.today(), "last_day": last_day}
        return reach.last_day_within(max(room, 0), self.schedules, gap_minutes=self.gap_minutes, **days)

    def number_of_times(self) -> int:
        """How many times the hours make up to the last day that patients can book, if nothing takes any away."""
        days = {"first_day": clock.today(), "last_day": self.last_day}
        return reach.number_of_times(self.schedules, gap_minutes=self.gap_minutes, **days)

    def plan(self, first_day: date, last_day: date) -> Plan:
        """The plan for these days, both included, on the clinic's wall."""
        return planning.plan(
            self.schedules,
            time_off=self.time_off,
            closures=self.closures,
            gap_minutes=self.gap_minutes,
            first_day=first_day,
            last_day=last_day,
            clinic_zone=clock.clinic_zone(),
        )

    def away(self) -> list[Interval]:
        """Time off, but not the single times that were removed: those were times of the schedule."""
        return [(away.starts_at, away.ends_at) for away in self.time_off if not away.single]

    def closed(self) -> list[Interval]:
        """The clinic's closures as moments."""
        return [closed_interval(closed.first_day, closed.last_day) for closed in self.closures]


def closed_interval(first_day: date, last_day: date) -> Interval:
    """From the first moment of one day to the last of another, on the clinic's wall."""
    return clock.start_of_day(first_day), clock.start_of_day(last_day + DAY)


def load_offer(doctor_id: UUID, *, since: datetime) -> Offer:
    """What is stored of the doctor's offer, without what was over before ``since``."""
    rules = booking_rules.of(doctor_id)
    return Offer(
        schedules=[draft_of(schedule) for schedule in schedules_of(doctor_id)],
        time_off=_time_off(doctor_id, since),
        closures=_closures(clock.to_clinic(since).date()),
        busy=_busy(doctor_id, since),
        gap_minutes=rules.gap_minutes,
        horizon_days=rules.horizon_days,
    )


class Room(NamedTuple):
    """Whether the account is open, how many times the doctor can have ahead (few until somebody has approved them), and
    how many there are, booked and blocked ones too.
    """

    is_open: bool
    limit: int
    ahead: int


def room_of(doctor_id: UUID) -> Room:
    """The doctor's room as it stands now."""
    ahead = select(func.count()).where(Slot.doctor_id == doctor_id, Slot.starts_at > clock.now()).scalar_subquery()
    columns = (User.deactivated_at.is_(None), Doctor.approved_at.is_not(None), ahead)
    row = db.session.execute(select(*columns).join(Doctor.user).where(Doctor.id == doctor_id)).one()
    return Room(row[0], MAX_AHEAD if row[1] else MAX_BEFORE_APPROVAL, row[2])


def schedules_of(doctor_id: UUID) -> Sequence[Schedule]:
    """The doctor's schedules with their hours as stored now, in order of time."""
    own = select(Schedule).where(Schedule.doctor_id == doctor_id).order_by(Schedule.valid_from)
    own = own.options(selectinload(Schedule.hours)).execution_options(populate_existing=True)
    return db.session.scalars(own).all()


def draft_of(schedule: Schedule) -> ScheduleDraft:
    """A stored schedule as the plan takes it."""
    hours = [
        HoursDraft(row.weekday, row.start_minute, row.end_minute, row.visit_minutes, row.gap_minutes, row.mode)
        for row in schedule.hours
    ]
    return ScheduleDraft(schedule.id, schedule.valid_from, schedule.valid_until, schedule.timezone, hours)


def own_slots(doctor_id: UUID, *, since: datetime, until: datetime | None = None) -> list[OwnSlot]:
    """The doctor's slots that end after ``since`` and start before ``until``, in order of time."""
    columns = (Slot.id, Slot.starts_at, Slot.ends_at, Slot.status, Slot.mode, Slot.origin, Slot.blocked_by)
    # A slot lasts a day at most, which lets the index on the start serve.
    statement = select(*columns).where(Slot.doctor_id == doctor_id, Slot.starts_at > since - DAY, Slot.ends_at > since)
    if until is not None:
        statement = statement.where(Slot.starts_at < until)
    return [OwnSlot(*row) for row in db.session.execute(statement.order_by(Slot.starts_at))]


def _time_off(doctor_id: UUID, since: datetime) -> list[Away]:
    columns = (TimeOff.starts_at, TimeOff.ends_at, TimeOff.reason, TimeOff.single)
    rows = db.session.execute(select(*columns).where(TimeOff.doctor_id == doctor_id, TimeOff.ends_at > since))
    return _in_order(Away(*row) for row in rows)


def _closures(since: date) -> list[Closed]:
    columns = (Closure.first_day, Closure.last_day, Closure.name)
    rows = db.session.execute(select(*columns).where(Closure.last_day >= since))
    return sorted(Closed(*row) for row in rows)


def _busy(doctor_id: UUID, since: datetime) -> list[Interval]:
    columns = (BusyTime.starts_at, BusyTime.ends_at)
    rows = db.session.execute(select(*columns).where(BusyTime.doctor_id == doctor_id, BusyTime.ends_at > since))
    return sorted((row.starts_at, row.ends_at) for row in rows)


def _in_order(time_off: Iterable[Away]) -> list[Away]:
    return sorted(time_off)
