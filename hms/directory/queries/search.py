"""Finding a doctor: the search, with each doctor's next times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, exists, func, lateral, literal, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from hms.auth import finding
from hms.auth.models import Doctor, Specialty, User
from hms.availability import booking_rules
from hms.availability.booking_rules import ClockChanges, Window
from hms.availability.models import Mode, Slot
from hms.availability.queries.slots import FreeTime, is_bookable, takes_place
from hms.directory.queries.filters import WITHIN, Filters, Shape, narrowed, slot_conditions, speaks
from hms.prepared import Prepared

TIMES_ON_A_CARD = 3
PAGE = 20
NO_FILTERS = Filters()


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
    has_in_person: bool = False
    has_online: bool = False


class DoctorPage(NamedTuple):
    """One page of the search: at most 20 cards of ``total`` doctors, whole names first, then the soonest.

    ``within`` says how many of those who fit all but the filter by days have a slot within so many.
    """

    cards: list[DoctorCard]
    total: int
    page: int
    within: Mapping[int, int]


def search_doctors(*, specialty: str = "", name: str = "", filters: Filters = NO_FILTERS, page: int = 1) -> DoctorPage:
    """Doctors of the specialty (its slug) with all words of ``name`` and a slot that fits the filters; one statement.

    The soonest free come first, unless the filters say otherwise.
    """
    words = finding.words_of(name)
    search = _search(bool(specialty), len(words.words), filters.shape, booking_rules.changes_ahead())
    wanted = {"specialty": specialty, "passed_over": (page - 1) * PAGE, **words.values, **filters.values}
    rows = search.all(**wanted, **booking_rules.moments())
    is_exact = not words.words or all(row.is_exact for row in rows)
    return DoctorPage(_cards(rows, is_exact=is_exact), rows[0].total if rows else 0, page, _counts(rows))


def _counts(rows: Sequence[Row]) -> dict[int, int]:
    """How many doctors have a slot that fits, within so many days."""
    return {days: getattr(rows[0], f"within_{days}") for days in WITHIN} if rows else {}


@lru_cache(maxsize=256)
def _search(by_specialty: bool, words: int, shape: Shape, changes: ClockChanges) -> Prepared:
    found = _page_of_doctors(by_specialty, words, shape, changes).subquery("found")
    own = Slot.doctor_id == found.c.doctor_id
    bounds = Window(found.c.opens_at, found.c.closes_at)
    near = [Slot.starts_at < booking_rules.moment("until")] if shape.within else []
    times = soonest_times(own, narrowed(bounds, shape), *slot_conditions(shape), *near, count=TIMES_ON_A_CARD)
    kinds = [
        exists(select(literal(1)).where(own, is_bookable(bounds), takes_place(mode))).label(f"has_{name}")
        for name, mode in (("in_person", Mode.IN_PERSON), ("online", Mode.ONLINE))
    ]
    order = (*_order(found.c, words, shape), times.c.starts_at)
    return Prepared(select(found, *times.c, *kinds).outerjoin(times, true()).order_by(*order))


def _order(doctors: Any, words: int, shape: Shape) -> list[ColumnElement]:
    """Whole names first, then the soonest; or by name alone."""
    best = [doctors.whole_words.desc()] if words else []
    soonest = [] if shape.by_name else [doctors.soonest.nulls_last()]
    return [*best, *soonest, doctors.sorts_as, doctors.doctor_id]


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


def _page_of_doctors(by_specialty: bool, words: int, shape: Shape, changes: ClockChanges) -> Select:
    doctors = doctors_that_fit(by_specialty, words, shape, changes).subquery("doctors")
    page = select(doctors, func.count().over().label("total"))
    if shape.within:
        page = page.where(doctors.c.soonest < booking_rules.moment("until"))
    return page.order_by(*_order(doctors.c, words, shape)).limit(PAGE).offset(bindparam("passed_over", type_=Integer))


def doctors_that_fit(by_specialty: bool, words: int, shape: Shape, changes: ClockChanges) -> Select:
    """The doctors, with when each is free first; all within their rules, however soon that is."""
    wanted: list[ColumnElement[bool]] = [Doctor.is_bookable]  # type: ignore[list-item]  # a hybrid
    wanted += [Specialty.slug == bindparam("specialty")] if by_specialty else []
    wanted += [speaks()] if shape.by_language else []
    window = booking_rules.window(changes)
    fits = (Slot.doctor_id == Doctor.id, is_bookable(narrowed(window, shape)), *slot_conditions(shape))
    first = lateral(select(Slot.starts_at).where(*fits).order_by(Slot.starts_at).limit(1))
    doctors = _doctors(first.c.starts_at, window).where(*wanted)
    if words:
        by_words = finding.found_doctors(words, *wanted)
        doctors = doctors.add_columns(by_words.c.whole_words, by_words.c.is_exact)
        doctors = doctors.join(by_words, by_words.c.doctor_id == Doctor.id)
    return booking_rules.joined(doctors, doctor_id=Doctor.id).join(first, true(), isouter=not shape.needs_slot)


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
    counts = [
        func.count().filter(soonest < booking_rules.moment(f"in_{days}")).over().label(f"within_{days}")
        for days in WITHIN
    ]
    return (
        select(*card, finding.sort_key().label("sorts_as"), soonest.label("soonest"), *bounds, *counts)
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
    )


def _cards(rows: Sequence[Row], *, is_exact: bool) -> list[DoctorCard]:
    cards: dict[UUID, DoctorCard] = {}
    for row in rows:
        card = cards.setdefault(row.doctor_id, DoctorCard(*row[:10]))
        card.is_exact = is_exact
        card.has_in_person, card.has_online = row.has_in_person, row.has_online
        if row.id is not None:
            card.times.append(FreeTime(row.id, row.starts_at, row.ends_at, row.mode))
    return list(cards.values())
