"""A doctor's weekly hours, time off and closures, and the visits that no longer fit them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import selectinload

from hms import clock
from hms.auth.models import Doctor
from hms.availability import visits
from hms.availability.models import Closure, Mode, Origin, Schedule, Slot, TimeOff
from hms.availability.queries.offers import Offer, load_offer, schedules_of
from hms.availability.reconcile import Intervals
from hms.availability.visits import BookedTime
from hms.db import db
from hms.errors import NotFound


def list_schedules(doctor: Doctor) -> list[Schedule]:
    """The doctor's schedules with their hours, in order of time, without those that are over."""
    over = clock.today()
    return [each for each in schedules_of(doctor.id) if each.valid_until is None or each.valid_until >= over]


def offers_anything(doctor: Doctor) -> bool:
    """Whether the doctor has, or had, weekly hours or slots."""
    has_hours = exists().where(Schedule.doctor_id == doctor.id)
    has_slots = exists().where(Slot.doctor_id == doctor.id)
    return bool(db.session.scalar(select(has_hours | has_slots)))


def get_schedule(schedule_id: UUID, *, doctor: Doctor) -> Schedule:
    """A schedule of this doctor, with its hours."""
    own = select(Schedule).where(Schedule.id == schedule_id, Schedule.doctor_id == doctor.id)
    schedule = db.session.scalar(own.options(selectinload(Schedule.hours)).execution_options(populate_existing=True))
    if schedule is None:
        raise NotFound("We can’t find these hours. They may have been deleted.")
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
        raise NotFound("We can’t find this time off. It may have been removed.")
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
        raise NotFound("We can’t find this closure. It may have been removed.")
    return closure


def list_out_of_hours(doctor: Doctor) -> list[BookedTime]:
    """Visits to come that are not where the doctor's hours would put them by now, or fall into time off or a closure.

    They stay until the doctor cancels them.
    """
    return out_of_hours(doctor.id, load_offer(doctor.id, since=clock.now()))


def out_of_hours(doctor_id: UUID, offer: Offer) -> list[BookedTime]:
    """The visits to come that do not fit this offer."""
    booked = visits.provider().to_come(doctor_id)
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
