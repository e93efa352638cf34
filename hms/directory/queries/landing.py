"""What the landing page shows: each specialty with its soonest doctors, and the clinic's rules, by one statement."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, func, null, select, true

from hms.auth.models import Doctor, Specialty, User
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules, ClockChanges
from hms.availability.models import Slot
from hms.availability.queries.slots import FreeTime
from hms.directory.queries.search import soonest_times
from hms.prepared import Prepared
from hms.text import fold

DOCTORS_OF_A_SPECIALTY = 3


class Face(NamedTuple):
    """A doctor with the soonest bookable time; without one, ``free`` is None."""

    doctor_id: UUID
    full_name: str
    specialty: str
    specialty_slug: str
    languages: str
    photo_version: str | None
    free: FreeTime | None


class Field(NamedTuple):
    """A specialty with how many doctors it has, and when the soonest of them is free."""

    slug: str
    name: str
    doctors: int
    soonest: datetime | None


class Welcome(NamedTuple):
    """Specialties by name, at most three doctors of each, soonest first of all, and the clinic's rules."""

    rules: BookingRules
    fields: list[Field]
    faces: list[Face]

    @property
    def doctors(self) -> int:
        """How many doctors patients can find."""
        return sum(field.doctors for field in self.fields)


def welcome() -> Welcome:
    """What the landing page knows, by one statement."""
    rows = _welcome(booking_rules.changes_ahead()).all(**booking_rules.moments())
    found = [row for row in rows if row.doctor_id]
    fields = [Field(row.slug, row.specialty, row.doctors, row.starts_at) for row in found if row.place == 1]
    fields.sort(key=lambda field: fold(field.name))
    return Welcome(booking_rules.of_row(rows[0]), fields, _faces(found))


def _faces(rows: Sequence) -> list[Face]:
    faces = []
    for row in rows:
        free = FreeTime(row.slot_id, row.starts_at, row.ends_at, row.mode) if row.slot_id else None
        faces.append(
            Face(row.doctor_id, row.full_name, row.specialty, row.slug, row.languages, row.photo_version, free)
        )
    return faces


@lru_cache(maxsize=4)
def _welcome(changes: ClockChanges) -> Prepared:
    """The rows of :func:`_soonest_doctors` beside the clinic's rules, which come alone where there is nobody."""
    ranked = _soonest_doctors(changes).subquery("ranked")
    soonest = select(ranked).where(ranked.c.place <= DOCTORS_OF_A_SPECIALTY).subquery("soonest")
    nobody = select(null().cast(Uuid).label("doctor_id")).subquery("nobody")
    statement = select(*booking_rules.COLUMNS, *soonest.c).select_from(nobody)
    statement = booking_rules.joined(statement, doctor_id=nobody.c.doctor_id).outerjoin(soonest, true())
    return Prepared(statement.order_by(soonest.c.starts_at.nulls_last(), soonest.c.full_name, soonest.c.doctor_id))


def _soonest_doctors(changes: ClockChanges) -> Select:
    """All doctors, with their place among those of the specialty by when they are free, and how many those are."""
    first = soonest_times(Slot.doctor_id == Doctor.id, booking_rules.window(changes))
    order = func.row_number().over(
        partition_by=Specialty.id, order_by=(first.c.starts_at.nulls_last(), User.full_name, Doctor.id)
    )
    doctors = (
        select(
            Doctor.id.label("doctor_id"),
            User.full_name,
            Specialty.name.label("specialty"),
            Specialty.slug,
            Doctor.languages,
            Doctor.photo_version,
            first.c.id.label("slot_id"),
            first.c.starts_at,
            first.c.ends_at,
            first.c.mode,
            order.label("place"),
            func.count().over(partition_by=Specialty.id).label("doctors"),
        )
        .select_from(Doctor)
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
    )
    return booking_rules.joined(doctors, doctor_id=Doctor.id).outerjoin(first, true()).where(Doctor.is_bookable)
