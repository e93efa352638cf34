"""Finding a doctor: specialties, and the search with each doctor's next times."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, func, lateral, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from hms.auth import finding
from hms.auth.models import Doctor, Specialty, User
from hms.availability import booking_rules
from hms.availability.booking_rules import ClockChanges, Window
from hms.availability.models import Slot
from hms.availability.queries.slots import FreeTime, is_bookable
from hms.prepared import Prepared
from hms.text import fold

TIMES_ON_A_CARD = 3
PAGE = 20


@dataclass
class DoctorCard:
    """A doctor as the directory shows one: plain values, and the next bookable times.

    ``is_exact`` is false for one who was found by words that are only similar to those that were looked for.
    """

    doctor_id: UUID
    full_name: str
    specialty: str
    specialty_slug: str
    years_of_experience: int
    room: str
    languages: str
    fee_minor: int | None
    fee_currency: str
    photo_version: str | None
    times: list[FreeTime] = field(default_factory=list)
    is_exact: bool = True


class DoctorPage(NamedTuple):
    """One page of the search: at most 20 cards of ``total`` doctors, whole names first, then the soonest."""

    cards: list[DoctorCard]
    total: int
    page: int


class SpecialtyFacts(NamedTuple):
    """A specialty as patients choose one."""

    slug: str
    name: str


def list_specialties_with_doctors() -> list[tuple[SpecialtyFacts, int]]:
    """The specialties that have a doctor whom patients can find, by name, with how many."""
    found = [(SpecialtyFacts(slug, name), count) for slug, name, count in SPECIALTIES.all()]
    return sorted(found, key=lambda each: fold(each[0].name))


def _specialties() -> Select:
    return (
        select(Specialty.slug, Specialty.name, func.count(Doctor.id))
        .join(Doctor, Doctor.specialty_id == Specialty.id)
        .join(User, Doctor.user_id == User.id)
        .where(Doctor.is_bookable)
        .group_by(Specialty.id)
    )


def search_doctors(*, specialty: str = "", name: str = "", page: int = 1) -> DoctorPage:
    """Doctors of the specialty (its slug) who have every word of ``name``, soonest free first, by one statement."""
    words = finding.words_of(name)
    search = _search(bool(specialty), len(words.words), booking_rules.changes_ahead())
    wanted = {"specialty": specialty, "passed_over": (page - 1) * PAGE, **words.values}
    rows = search.all(**wanted, **booking_rules.moments())
    is_exact = not words.words or all(row.is_exact for row in rows)
    return DoctorPage(_cards(rows, is_exact=is_exact), rows[0].total if rows else 0, page)


@lru_cache(maxsize=4 * (finding.MAX_WORDS + 1))
def _search(by_specialty: bool, words: int, changes: ClockChanges) -> Prepared:
    found = _page_of_doctors(by_specialty, words, changes).subquery("found")
    own = Slot.doctor_id == found.c.doctor_id
    times = soonest_times(own, Window(found.c.opens_at, found.c.closes_at), count=TIMES_ON_A_CARD)
    best = [found.c.whole_words.desc()] if words else []
    order = (*best, found.c.soonest.nulls_last(), found.c.sorts_as, found.c.doctor_id, times.c.starts_at)
    return Prepared(select(found, *times.c).outerjoin(times, true()).order_by(*order))


def soonest_times(
    condition: ColumnElement[bool], window: Window, *others: ColumnElement[bool], count: int = 1
) -> LateralFromClause:
    """The soonest bookable slots of each doctor, from the partial index of free ones."""
    return lateral(
        select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.mode)
        .where(condition, is_bookable(window), *others)
        .order_by(Slot.starts_at)
        .limit(count)
    )


def _page_of_doctors(by_specialty: bool, words: int, changes: ClockChanges) -> Select:
    wanted = [Doctor.is_bookable, Specialty.slug == bindparam("specialty")] if by_specialty else [Doctor.is_bookable]
    window = booking_rules.window(changes)
    first = lateral(
        select(Slot.starts_at).where(Slot.doctor_id == Doctor.id, is_bookable(window)).order_by(Slot.starts_at).limit(1)
    )
    doctors = _doctors(first.c.starts_at.label("soonest"), window).where(*wanted)
    best = []
    if words:
        by_words = finding.found_doctors(words, *wanted)
        doctors = doctors.add_columns(by_words.c.whole_words, by_words.c.is_exact)
        doctors = doctors.join(by_words, by_words.c.doctor_id == Doctor.id)
        best = [by_words.c.whole_words.desc()]
    return (
        booking_rules.joined(doctors, doctor_id=Doctor.id)
        .outerjoin(first, true())
        .order_by(*best, first.c.starts_at.nulls_last(), finding.sort_key(), Doctor.id)
        .limit(PAGE)
        .offset(bindparam("passed_over", type_=Integer))
    )


def _doctors(soonest: ColumnElement, window: Window) -> Select:
    """What a card shows, in its order, and what the page is put together by."""
    card = (
        Doctor.id.label("doctor_id"),
        User.full_name,
        Specialty.name.label("specialty"),
        Specialty.slug.label("specialty_slug"),
        Doctor.years_of_experience,
        Doctor.room,
        Doctor.languages,
        Doctor.fee_minor,
        Doctor.fee_currency,
        Doctor.photo_version,
    )
    bounds = (window.opens_at.label("opens_at"), window.closes_at.label("closes_at"))
    return (
        select(*card, finding.sort_key().label("sorts_as"), soonest, *bounds, func.count().over().label("total"))
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
    )


def _cards(rows: Sequence[Row], *, is_exact: bool) -> list[DoctorCard]:
    cards: dict[UUID, DoctorCard] = {}
    for row in rows:
        card = cards.setdefault(row.doctor_id, DoctorCard(*row[:10]))
        card.is_exact = is_exact
        if row.id is not None:
            card.times.append(FreeTime(row.id, row.starts_at, row.ends_at, row.mode))
    return list(cards.values())


# The statements of these pages are put together once, not in every request: SQLAlchemy takes longer to build one than
# to run it. What differs from request to request comes as parameters.
SPECIALTIES = Prepared(_specialties())
