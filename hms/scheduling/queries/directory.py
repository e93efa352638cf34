"""Finding a doctor: specialties, the search with each doctor's next times, one doctor's page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, lateral, select, true

from hms.auth.models import Doctor, Specialty, User
from hms.db import db
from hms.errors import NotFound
from hms.scheduling.models import Slot
from hms.scheduling.queries.slots import FreeTime, is_bookable

TIMES_ON_A_CARD = 3
PAGE = 20


@dataclass
class DoctorCard:
    """A doctor as the directory shows one: plain values, and the next bookable times."""

    doctor_id: UUID
    full_name: str
    specialty: str
    years_of_experience: int
    room: str
    languages: str
    fee_minor: int | None
    fee_currency: str
    photo_version: str | None
    times: list[FreeTime] = field(default_factory=list)


class DoctorPage(NamedTuple):
    """One page of the search: at most 20 cards, soonest first, of ``total`` doctors."""

    cards: list[DoctorCard]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))


class DoctorProfile(NamedTuple):
    """A doctor with everything that patients may know, and the soonest bookable time."""

    doctor: Doctor
    full_name: str
    earliest: FreeTime | None


def list_specialties_with_doctors() -> list[tuple[Specialty, int]]:
    """The specialties that have a doctor whom patients can find, by name, with how many."""
    statement = (
        select(Specialty, func.count(Doctor.id))
        .join(Doctor, Doctor.specialty_id == Specialty.id)
        .join(User, Doctor.user_id == User.id)
        .where(_is_shown())
        .group_by(Specialty.id)
        .order_by(Specialty.name)
    )
    return [(row[0], row[1]) for row in db.session.execute(statement)]


def search_doctors(*, specialty: str = "", name: str = "", page: int = 1) -> DoctorPage:
    """Doctors of the specialty (its slug) whose name holds ``name``, soonest free first, by one statement."""
    found = _page_of_doctors(specialty, name, page).subquery("found")
    times = lateral(
        select(Slot.id, Slot.starts_at, Slot.ends_at)
        .where(Slot.doctor_id == found.c.doctor_id, is_bookable())
        .order_by(Slot.starts_at)
        .limit(TIMES_ON_A_CARD)
    )
    rows = db.session.execute(
        select(found, times.c.id, times.c.starts_at, times.c.ends_at)
        .outerjoin(times, true())
        .order_by(found.c.soonest.nulls_last(), found.c.full_name, found.c.doctor_id, times.c.starts_at)
    ).all()
    return DoctorPage(_cards(rows), rows[0].total if rows else 0, page)


def _page_of_doctors(specialty: str, name: str, page: int) -> Select:
    first = lateral(
        select(Slot.starts_at).where(Slot.doctor_id == Doctor.id, is_bookable()).order_by(Slot.starts_at).limit(1)
    )
    wanted = [_is_shown()]
    if specialty:
        wanted.append(Specialty.slug == specialty)
    if name:
        wanted.append(User.full_name.icontains(name, autoescape=True))
    return (
        select(
            Doctor.id.label("doctor_id"),
            User.full_name,
            Specialty.name.label("specialty"),
            Doctor.years_of_experience,
            Doctor.room,
            Doctor.languages,
            Doctor.fee_minor,
            Doctor.fee_currency,
            Doctor.photo_version,
            first.c.starts_at.label("soonest"),
            func.count().over().label("total"),
        )
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
        .outerjoin(first, true())
        .where(*wanted)
        .order_by(first.c.starts_at.nulls_last(), User.full_name, Doctor.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )


def _cards(rows: Sequence[Row]) -> list[DoctorCard]:
    cards: dict[UUID, DoctorCard] = {}
    for row in rows:
        card = cards.setdefault(row.doctor_id, DoctorCard(*row[:9]))
        if row.id is not None:
            card.times.append(FreeTime(row.id, row.starts_at, row.ends_at))
    return list(cards.values())


def get_bookable_doctor(doctor_id: UUID) -> DoctorProfile:
    """A doctor whom patients can find; a pending or deactivated one is not found."""
    first = lateral(
        select(Slot.id, Slot.starts_at, Slot.ends_at)
        .where(Slot.doctor_id == Doctor.id, is_bookable())
        .order_by(Slot.starts_at)
        .limit(1)
    )
    row = db.session.execute(
        select(Doctor, User.full_name, first.c.id, first.c.starts_at, first.c.ends_at)
        .join(User, Doctor.user_id == User.id)
        .outerjoin(first, true())
        .where(Doctor.id == doctor_id, _is_shown())
    ).first()
    if row is None:
        raise NotFound("We could not find this doctor.")
    return DoctorProfile(row[0], row[1], FreeTime(*row[2:]) if row[2] else None)


def soonest_free() -> Row | None:
    """The soonest bookable time in the whole clinic: ``full_name, doctor_id, slot_id, starts_at``; none without one."""
    first = lateral(
        select(Slot.id, Slot.starts_at)
        .where(Slot.doctor_id == Doctor.id, is_bookable())
        .order_by(Slot.starts_at)
        .limit(1)
    )
    return db.session.execute(
        select(User.full_name, Doctor.id.label("doctor_id"), first.c.id.label("slot_id"), first.c.starts_at)
        .select_from(Doctor)
        .join(User, Doctor.user_id == User.id)
        .join(first, true())
        .where(_is_shown())
        .order_by(first.c.starts_at)
        .limit(1)
    ).first()


def _is_shown() -> ColumnElement[bool]:
    """Which doctors patients can find."""
    return Doctor.approved_at.is_not(None) & User.deactivated_at.is_(None)
