"""A doctor's weekly hours, time off and closures, and the visits that no longer fit them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import selectinload

from hms import clock
from hms.auth.models import Doctor
from hms.db import db
from hms.errors import NotFound
from hms.scheduling.changes import Intervals
from hms.scheduling.models import Appointment, Closure, Mode, Origin, Schedule, Slot, TimeOff
from hms.scheduling.queries.appointments import LIVE, PEOPLE
from hms.scheduling.queries.offers import Interval, Offer, load_offer, schedules_of

BOOKED_ON_A_PAGE = 50


def list_schedules(doctor: Doctor) -> list[Schedule]:
    """The doctor's schedules with their hours, in order of time, without those that are over."""
    over = clock.today()
    return [each for each in schedules_of(doctor.id) if each.valid_until is None or each.valid_until >= over]


def get_schedule(schedule_id: UUID, *, doctor: Doctor) -> Schedule:
    """A schedule of this doctor, with its hours."""
    own = select(Schedule).where(Schedule.id == schedule_id, Schedule.doctor_id == doctor.id)
    schedule = db.session.scalar(own.options(selectinload(Schedule.hours)).execution_options(populate_existing=True))
    if schedule is None:
        raise NotFound("You have no such hours. They may have been removed.")
    return schedule


def list_time_off(doctor: Doctor) -> list[TimeOff]:
    """The doctor's time off that is not over, in order of time; single times that were removed are not among it."""
    own = select(TimeOff).where(
        TimeOff.doctor_id == doctor.id, TimeOff.single.is_(False), TimeOff.ends_at > clock.now()
    )
    return list(db.session.scalars(own.order_by(TimeOff.starts_at, TimeOff.id)))


def time_off_between(doctor: Doctor, *, starts_at: datetime, ends_at: datetime) -> list[TimeOff]:
    """The doctor's time off that shares time with ``[starts_at, ends_at)``, past or to come, in order of time."""
    own = select(TimeOff).where(TimeOff.doctor_id == doctor.id, TimeOff.single.is_(False))
    within = own.where(TimeOff.ends_at > starts_at, TimeOff.starts_at < ends_at)
    return list(db.session.scalars(within.order_by(TimeOff.starts_at, TimeOff.id)))


def get_time_off(time_off_id: UUID, *, doctor: Doctor) -> TimeOff:
    """Time off of this doctor."""
    own = (TimeOff.id == time_off_id, TimeOff.doctor_id == doctor.id, TimeOff.single.is_(False))
    time_off = db.session.scalar(select(TimeOff).where(*own))
    if time_off is None:
        raise NotFound("You have no such time off. It may have been removed.")
    return time_off


def list_closures() -> list[Closure]:
    """The clinic's closures that are not over, in order of time."""
    coming = select(Closure).where(Closure.last_day >= clock.today())
    return list(db.session.scalars(coming.order_by(Closure.first_day, Closure.id)))


def closures_between(first_day: date, end_day: date) -> list[Closure]:
    """The clinic's closures that touch ``first_day`` to before ``end_day``, past or to come, in order of time."""
    within = select(Closure).where(Closure.last_day >= first_day, Closure.first_day < end_day)
    return list(db.session.scalars(within.order_by(Closure.first_day, Closure.id)))


def is_there(kind: type[TimeOff | Schedule | Slot | Closure], row_id: UUID) -> bool:
    """Whether anybody has such a thing: what is not there was removed, which whoever removes it again wanted."""
    return db.session.scalar(select(kind.id).where(kind.id == row_id)) is not None


def get_closure(closure_id: UUID, *, locked: bool = False) -> Closure:
    """A closure of the clinic as it stands now, locked until the transaction ends if that is wanted."""
    own = select(Closure).where(Closure.id == closure_id).execution_options(populate_existing=True)
    closure = db.session.scalar(own.with_for_update() if locked else own)
    if closure is None:
        raise NotFound("There is no such closure. It may have been removed.")
    return closure


class Booked(NamedTuple):
    """Visits to come that share time with an interval: how many, and a mark that is another when they are others."""

    number: int
    mark: str


class BookedTime(NamedTuple):
    """A visit to come, as the plan is compared with it; ``origin`` is that of its time."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    mode: str
    origin: str


def booked_in(interval: Interval, *, doctor: Doctor | None = None) -> Booked:
    """How many visits to come share time with the interval, of this doctor or of all; by one statement, whoever they
    are with.
    """
    ids = cast(Appointment.id, String)
    mark = func.md5(func.coalesce(func.string_agg(ids, aggregate_order_by(literal(",", String), ids)), ""))
    return Booked(*db.session.execute(select(func.count(), mark).where(*_booked(interval, doctor))).one())


def list_booked(interval: Interval, *, doctor: Doctor | None = None, page: int = 1) -> list[Appointment]:
    """Visits to come that share time with the interval, of this doctor or of all, in order of time; 50 a page."""
    within = _to_come().where(*_booked(interval, doctor)).limit(BOOKED_ON_A_PAGE)
    return list(db.session.scalars(within.offset((page - 1) * BOOKED_ON_A_PAGE)))


def _booked(interval: Interval, doctor: Doctor | None) -> list[ColumnElement[bool]]:
    starts_at, ends_at = interval
    within = [*_is_to_come(), Appointment.starts_at < ends_at, Appointment.ends_at > starts_at]
    return within if doctor is None else [*within, Appointment.doctor_id == doctor.id]


def load_visits(times: Sequence[BookedTime]) -> list[Appointment]:
    """The appointments of these times with their people, in order of time."""
    own = select(Appointment).options(*PEOPLE).where(Appointment.id.in_([time.id for time in times]))
    return list(db.session.scalars(own.order_by(Appointment.starts_at, Appointment.id)))


def list_unfit(doctor: Doctor) -> list[BookedTime]:
    """Visits to come that are not where the doctor's hours would put them by now, or fall into time off or a closure.

    They stay until the doctor cancels them.
    """
    return unfit(doctor.id, load_offer(doctor.id, since=clock.now()))


def unfit(doctor_id: UUID, offer: Offer) -> list[BookedTime]:
    """The visits to come that do not fit this offer."""
    columns = (Appointment.id, Appointment.starts_at, Appointment.ends_at, Appointment.mode, Slot.origin)
    own = select(*columns).join(Appointment.slot).where(Appointment.doctor_id == doctor_id, *_is_to_come())
    rows = db.session.execute(own.order_by(Appointment.starts_at, Appointment.id))
    booked = [BookedTime(*row) for row in rows]
    if not booked:
        return []
    last_day = clock.to_clinic(booked[-1].starts_at).date()
    planned = {slot[:2]: slot.mode for slot in offer.plan(clock.today(), last_day).slots}
    hidden = Intervals([*offer.away(), *offer.closed()])
    return [visit for visit in booked if not _fits(visit, planned, hidden)]


def _fits(visit: BookedTime, planned: dict[tuple[datetime, datetime], str], hidden: Intervals) -> bool:
    if visit.origin == Origin.SCHEDULE:
        return planned.get((visit.starts_at, visit.ends_at)) in (visit.mode, Mode.BOTH)
    return not hidden.overlap(visit.starts_at, visit.ends_at)


def _is_to_come() -> tuple[ColumnElement[bool], ...]:
    return Appointment.status.in_(LIVE), Appointment.starts_at > clock.now()


def _to_come() -> Select:
    statement = select(Appointment).options(*PEOPLE).where(*_is_to_come())
    return statement.order_by(Appointment.starts_at, Appointment.id)
