"""What receptionists and administrators read: all doctors, and a doctor's day."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import contains_eager

from hms import clock
from hms.auth import finding
from hms.auth.models import Doctor, Specialty, User
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Slot, StoredRules
from hms.availability.queries.slots import FreeTime, is_bookable
from hms.db import db
from hms.errors import NotFound
from hms.web import paging

PAGE = paging.PAGE_SIZE


class StaffDoctor(NamedTuple):
    """A doctor in the list of staff, whether patients can find them or not."""

    doctor_id: UUID
    full_name: str
    specialty: str
    approved_at: datetime | None
    deactivated_at: datetime | None
    has_rules: bool


def list_doctors(*, name: str = "", page: int = 1) -> tuple[list[StaffDoctor], int]:
    """At most 50 doctors who have every word of ``name``, those who wait for approval first, and how many there are."""
    words = finding.words_of(name)
    statement = (
        select(
            Doctor.id,
            User.full_name,
            Specialty.name,
            Doctor.approved_at,
            User.deactivated_at,
            exists().where(StoredRules.doctor_id == Doctor.id),
            func.count().over(),
        )
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
    )
    if words.words:
        found = finding.found_doctors(len(words.words))
        statement = statement.join(found, found.c.doctor_id == Doctor.id).order_by(found.c.whole_words.desc())
    statement = (
        statement.order_by(Doctor.is_waiting.desc(), User.deactivated_at.is_not(None), finding.sort_key(), Doctor.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    rows = db.session.execute(statement, words.values).all()
    return [StaffDoctor(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def get_doctor(doctor_id: UUID) -> Doctor:
    """Any doctor, with the account; patients may not find them yet, or not any more."""
    doctor = db.session.scalar(
        select(Doctor).join(Doctor.user).options(contains_eager(Doctor.user)).where(Doctor.id == doctor_id)
    )
    if doctor is None:
        raise NotFound("We can’t find this doctor.")
    return doctor


def list_bookable(doctor: Doctor, day: date, *, rules: BookingRules) -> list[FreeTime]:
    """The times of the doctor's day that patients can book at this moment, in order."""
    if not doctor.is_bookable:
        return []
    starts_at, ends_at = clock.day_bounds(day)
    rows = db.session.execute(
        select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.mode)
        .where(Slot.doctor_id == doctor.id, is_bookable(rules.window))
        .where(Slot.starts_at >= starts_at, Slot.starts_at < ends_at)
        .order_by(Slot.starts_at)
    )
    return [FreeTime(*row) for row in rows]
