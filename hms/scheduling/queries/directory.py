"""Finding a doctor: specialties, and the search with each doctor's next times."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Uuid, bindparam, func, lateral, null, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from hms.auth.models import Doctor, Specialty, User
from hms.prepared import Prepared
from hms.scheduling import policies
from hms.scheduling.models import Slot
from hms.scheduling.policies import ClockChanges, Policy, Window
from hms.scheduling.queries.slots import FreeTime, is_bookable

TIMES_ON_A_CARD = 3
PAGE = 20
_WILD = re.compile(r"[%_/]")


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


class SpecialtyFacts(NamedTuple):
    """A specialty as patients choose one."""

    slug: str
    name: str


class Welcome(NamedTuple):
    """What the landing page knows: the clinic's rules, and the soonest bookable time of all, if there is one."""

    policy: Policy
    full_name: str | None
    slot_id: UUID | None
    starts_at: datetime | None


def list_specialties_with_doctors() -> list[tuple[SpecialtyFacts, int]]:
    """The specialties that have a doctor whom patients can find, by name, with how many."""
    return [(SpecialtyFacts(slug, name), count) for slug, name, count in SPECIALTIES.all()]


def _specialties() -> Select:
    return (
        select(Specialty.slug, Specialty.name, func.count(Doctor.id))
        .join(Doctor, Doctor.specialty_id == Specialty.id)
        .join(User, Doctor.user_id == User.id)
        .where(is_shown())
        .group_by(Specialty.id)
        .order_by(Specialty.name)
    )


def search_doctors(*, specialty: str = "", name: str = "", page: int = 1) -> DoctorPage:
    """Doctors of the specialty (its slug) whose name holds ``name``, soonest free first, by one statement."""
    search = _search(bool(specialty), bool(name), policies.changes_ahead())
    wanted = {"specialty": specialty, "name": _literally(name), "passed_over": (page - 1) * PAGE}
    rows = search.all(**wanted, **policies.moments())
    return DoctorPage(_cards(rows), rows[0].total if rows else 0, page)


def _literally(name: str) -> str:
    """A text as LIKE finds it, whatever signs are in it."""
    return _WILD.sub(r"/\g<0>", name)


@lru_cache(maxsize=16)
def _search(by_specialty: bool, by_name: bool, changes: ClockChanges) -> Prepared:
    found = _page_of_doctors(by_specialty, by_name, changes).subquery("found")
    own = Slot.doctor_id == found.c.doctor_id
    times = soonest_times(own, Window(found.c.opens_at, found.c.closes_at), count=TIMES_ON_A_CARD)
    return Prepared(
        select(found, *times.c)
        .outerjoin(times, true())
        .order_by(found.c.soonest.nulls_last(), found.c.full_name, found.c.doctor_id, times.c.starts_at)
    )


def soonest_times(
    whose: ColumnElement[bool], window: Window, *others: ColumnElement[bool], count: int = 1
) -> LateralFromClause:
    """The soonest bookable slots of each doctor, from the partial index of free ones."""
    return lateral(
        select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.mode)
        .where(whose, is_bookable(window), *others)
        .order_by(Slot.starts_at)
        .limit(count)
    )


def _page_of_doctors(by_specialty: bool, by_name: bool, changes: ClockChanges) -> Select:
    window = policies.window(changes)
    first = lateral(
        select(Slot.starts_at).where(Slot.doctor_id == Doctor.id, is_bookable(window)).order_by(Slot.starts_at).limit(1)
    )
    wanted = [is_shown()]
    if by_specialty:
        wanted.append(Specialty.slug == bindparam("specialty"))
    if by_name:
        wanted.append(User.full_name.icontains(bindparam("name"), autoescape=False, escape="/"))
    doctors = (
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
            window.opens_at.label("opens_at"),
            window.closes_at.label("closes_at"),
            func.count().over().label("total"),
        )
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
    )
    return (
        policies.joined(doctors, doctor_id=Doctor.id)
        .outerjoin(first, true())
        .where(*wanted)
        .order_by(first.c.starts_at.nulls_last(), User.full_name, Doctor.id)
        .limit(PAGE)
        .offset(bindparam("passed_over", type_=Integer))
    )


def _cards(rows: Sequence[Row]) -> list[DoctorCard]:
    cards: dict[UUID, DoctorCard] = {}
    for row in rows:
        card = cards.setdefault(row.doctor_id, DoctorCard(*row[:9]))
        if row.id is not None:
            card.times.append(FreeTime(row.id, row.starts_at, row.ends_at, row.mode))
    return list(cards.values())


def welcome() -> Welcome:
    """The clinic's rules, and the soonest bookable time of all its doctors, by one statement."""
    (row,) = _welcome(policies.changes_ahead()).all(**policies.moments())
    return Welcome(policies.of_row(row), *row[-3:])


@lru_cache(maxsize=4)
def _welcome(changes: ClockChanges) -> Prepared:
    first = soonest_times(Slot.doctor_id == Doctor.id, policies.window(changes))
    doctors = select(User.full_name, first.c.id, first.c.starts_at).select_from(Doctor)
    soonest = (
        policies.joined(doctors.join(User, Doctor.user_id == User.id), doctor_id=Doctor.id)
        .join(first, true())
        .where(is_shown())
        .order_by(first.c.starts_at)
        .limit(1)
        .subquery("soonest")
    )
    nobody = select(null().cast(Uuid).label("doctor_id")).subquery("nobody")
    statement = select(*policies.COLUMNS, *soonest.c).select_from(nobody)
    return Prepared(policies.joined(statement, doctor_id=nobody.c.doctor_id).outerjoin(soonest, true()))


def is_shown() -> ColumnElement[bool]:
    """Which doctors patients can find."""
    return Doctor.approved_at.is_not(None) & User.deactivated_at.is_(None)


# The statements of these pages are put together once, not in every request: SQLAlchemy takes longer to build one than
# to run it. What differs from request to request comes as parameters.
SPECIALTIES = Prepared(_specialties())
