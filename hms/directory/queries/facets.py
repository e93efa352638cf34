"""How many doctors each choice of a filter leaves, given the others."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, literal, select

from hms.auth import finding
from hms.auth.models import Doctor, Specialty, User
from hms.availability import booking_rules
from hms.availability.booking_rules import ClockChanges, Window
from hms.availability.models import Mode, Slot
from hms.availability.queries.slots import is_bookable, takes_place
from hms.directory.queries.filters import ANY, PARTS, Filters, Shape, is_within, narrowed, split_languages
from hms.directory.queries.search import doctors_that_fit
from hms.prepared import Prepared
from hms.text import fold

MOST_DOCTORS = 200
"""For how many doctors, at most, it is counted who has a slot in each part of the day and of each kind: each takes five
looks at the slots, which for a thousand doctors take as long as the rest of the page."""


class SpecialtyFacts(NamedTuple):
    """A specialty as patients choose one."""

    slug: str
    name: str


class Choices(NamedTuple):
    """Doctors by specialty and language: how many there are, and how many of them fit all other filters."""

    rows: Sequence[tuple[str, str, str, int, int]]

    @property
    def everybody(self) -> int:
        """How many doctors there are."""
        return sum(row[3] for row in self.rows)

    def specialties(self, *, language: str = "") -> list[tuple[SpecialtyFacts, int]]:
        """The specialties by name, with how many doctors who speak the language."""
        found: Counter[SpecialtyFacts] = Counter()
        for slug, name, spoken, _, count in self.rows:
            found[SpecialtyFacts(slug, name)] += count if not language or language in _folded(spoken) else 0
        return sorted(found.items(), key=lambda each: fold(each[0].name))

    def languages(self, *, specialty: str = "") -> list[tuple[str, int]]:
        """The languages by name, with how many doctors of the specialty speak each."""
        found: Counter[str] = Counter()
        for slug, _, spoken, _, count in self.rows:
            for language in set(split_languages(spoken)):
                found[language] += count if specialty in ("", slug) else 0
        return sorted(found.items(), key=lambda each: fold(each[0]))


def _folded(spoken: str) -> set[str]:
    return {language.casefold() for language in split_languages(spoken)}


def list_choices(*, name: str = "", filters: Filters) -> Choices:
    """The doctors whom the words and the slot filters leave, by one statement."""
    words = finding.words_of(name)
    shape = filters.shape._replace(by_language=False, by_name=False)
    found = _choices(len(words.words), shape, booking_rules.changes_ahead()) if words.words or shape != ANY else ALL
    return Choices(found.all(**words.values, **filters.values, **booking_rules.moments()))


_COLUMNS = (Specialty.slug, Specialty.name, Doctor.languages)


def _everybody(*counts: ColumnElement) -> Select:
    return (
        select(*_COLUMNS, func.count(), *counts)
        .select_from(Doctor)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
        .join(User, Doctor.user_id == User.id)
        .where(Doctor.is_bookable)
        .group_by(*_COLUMNS)
    )


ALL = Prepared(_everybody(func.count()))
"""The choices where no other filter is in use."""


@lru_cache(maxsize=64)
def _choices(words: int, shape: Shape, changes: ClockChanges) -> Prepared:
    doctors = doctors_that_fit(False, words, shape, changes).subquery("doctors")
    fit = select(doctors.c.doctor_id)
    fit = fit.where(doctors.c.soonest < booking_rules.moment("until")) if shape.within else fit
    fits = fit.subquery("fits")
    counted = _everybody(func.count(fits.c.doctor_id))
    return Prepared(counted.outerjoin(fits, fits.c.doctor_id == Doctor.id))


def count_kinds(*, specialty: str = "", name: str = "", filters: Filters) -> dict[str, int]:
    """How many doctors have a slot in each part of the day, and of each kind of visit, by one statement."""
    words = finding.words_of(name)
    counted = _kinds(bool(specialty), len(words.words), filters.shape, booking_rules.changes_ahead())
    values = {"specialty": specialty, **words.values, **filters.values}
    return counted.first(**values, **booking_rules.moments())._asdict()


@lru_cache(maxsize=64)
def _kinds(by_specialty: bool, words: int, shape: Shape, changes: ClockChanges) -> Prepared:
    loose = shape._replace(parts=(), mode=None)
    doctors = doctors_that_fit(by_specialty, words, loose, changes).subquery("doctors")
    window = narrowed(Window(doctors.c.opens_at, _end(doctors.c, shape)), shape)

    def having(*conditions: ColumnElement[bool]) -> Any:
        fits = select(literal(1)).where(Slot.doctor_id == doctors.c.doctor_id, is_bookable(window), *conditions)
        return func.count().filter(exists(fits))

    mode = [takes_place(shape.mode)] if shape.mode else []
    parts = [having(*mode, is_within((part,))).label(part) for part in PARTS]
    modes = [
        having(takes_place(one), is_within(shape.parts)).label(one.value.replace("-", "_"))
        for one in (Mode.IN_PERSON, Mode.ONLINE)
    ]
    return Prepared(select(*parts, *modes).select_from(doctors))


def _end(doctors: Any, shape: Shape) -> ColumnElement:
    until = booking_rules.moment("until")
    return func.least(doctors.closes_at, until) if shape.within else doctors.closes_at
