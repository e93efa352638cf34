"""The clinic's numbers of today."""

from typing import NamedTuple

from sqlalchemy import func, select

from hms import clock
from hms.auth.models import Doctor, User
from hms.availability.models import Slot
from hms.availability.queries.slots import is_free
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentStatus

GONE = (AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW)


class Today(NamedTuple):
    """The clinic's day in numbers: visits, those of them still to come, times still free, doctors to approve."""

    visits: int
    to_come: int
    free: int
    pending: int


def today() -> Today:
    """The clinic's numbers of today, by one statement."""
    now, (starts_at, ends_at) = clock.now(), clock.day_bounds(clock.today())
    visits = select(func.count()).select_from(Appointment).where(Appointment.status.not_in(GONE))
    visits = visits.where(Appointment.starts_at >= starts_at, Appointment.starts_at < ends_at)
    free = select(func.count()).select_from(Slot).join(Doctor).join(User, Doctor.user_id == User.id)
    free = free.where(is_free(), Slot.starts_at > now, Slot.starts_at < ends_at)
    free = free.where(Doctor.is_bookable)
    pending = select(func.count()).select_from(Doctor).join(User, Doctor.user_id == User.id)
    pending = pending.where(Doctor.is_waiting)
    counts = (visits, visits.where(Appointment.starts_at > now), free, pending)
    return Today(*db.session.execute(select(*(count.scalar_subquery() for count in counts))).one())
