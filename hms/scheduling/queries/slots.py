"""Slots: the free ones that patients choose from, and single ones."""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import contains_eager, joinedload

from hms import clock
from hms.auth.models import Doctor, User
from hms.db import db
from hms.errors import NotFound
from hms.scheduling import policies
from hms.scheduling.models import Appointment, Slot, SlotStatus


class FreeTime(NamedTuple):
    """A slot that can be booked."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime


class DaySummary(NamedTuple):
    """One day of a doctor: the free times, and how many times are offered in all."""

    day: date
    free: list[FreeTime]
    offered: int


def during(model: type[Slot] | type[Appointment]) -> ColumnElement:
    """The half-open interval that a row takes, as the exclusion constraints write it."""
    return func.tstzrange(model.starts_at, model.ends_at)


def is_bookable() -> ColumnElement[bool]:
    """Which slots patients may book at this moment."""
    return (Slot.status == SlotStatus.FREE) & (Slot.starts_at >= policies.bookable_from())


def week_of(doctor_id: UUID, monday: date) -> list[DaySummary]:
    """The seven days from ``monday`` on, in clinic time, each with its free times in order."""
    days = {monday + timedelta(days=n): DaySummary(monday + timedelta(days=n), [], 0) for n in range(7)}
    bookable_from = policies.bookable_from()
    for slot in db.session.execute(_slots_between(doctor_id, monday, monday + timedelta(days=7))):
        day = clock.to_clinic(slot.starts_at).date()
        free = slot.status == SlotStatus.FREE and slot.starts_at >= bookable_from
        if free:
            days[day].free.append(FreeTime(slot.id, slot.starts_at, slot.ends_at))
        days[day] = days[day]._replace(offered=days[day].offered + 1)
    return list(days.values())


def _slots_between(doctor_id: UUID, first_day: date, end_day: date) -> Select:
    return (
        select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.status)
        .where(
            Slot.doctor_id == doctor_id,
            Slot.starts_at >= clock.start_of_day(first_day),
            Slot.starts_at < clock.start_of_day(end_day),
            Slot.status != SlotStatus.BUSY_UNAVAILABLE,
        )
        .order_by(Slot.starts_at)
    )


def nearest_free(slot: Slot, *, count: int = 3) -> list[FreeTime]:
    """The ``count`` bookable times of the same doctor that are nearest to ``slot``, in order of time."""
    columns = select(Slot.id, Slot.starts_at, Slot.ends_at).where(Slot.doctor_id == slot.doctor_id, is_bookable())
    before = columns.where(Slot.starts_at < slot.starts_at).order_by(Slot.starts_at.desc()).limit(count)
    after = columns.where(Slot.starts_at > slot.starts_at).order_by(Slot.starts_at).limit(count)
    rows = db.session.execute(union_all(before.subquery().select(), after.subquery().select()))
    nearest = sorted((FreeTime(*row) for row in rows), key=lambda free: abs(free.starts_at - slot.starts_at))
    return sorted(nearest[:count], key=lambda free: free.starts_at)


def get_slot_to_book(slot_id: UUID) -> Slot:
    """A slot of a doctor whom patients can find, with the doctor loaded; it may be taken by now."""
    slot = db.session.scalar(
        select(Slot)
        .join(Slot.doctor)
        .join(Doctor.user)
        .options(contains_eager(Slot.doctor).contains_eager(Doctor.user))
        .where(Slot.id == slot_id, Doctor.approved_at.is_not(None), User.deactivated_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if slot is None:
        raise NotFound("This time is no longer offered. Choose another.")
    return slot


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
        raise NotFound("You offer no such time. It may have been removed.")
    return slot
