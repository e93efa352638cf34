"""The filters of the directory made ready: choices with numbers, and the addresses that take each away again."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import request, url_for

from hms.availability import words
from hms.availability.models import Mode
from hms.directory.everyday import everyday, with_everyday
from hms.directory.queries import PARTS, WITHIN, Choices, Filters, SpecialtyFacts
from hms.directory.slot_picker.query import LONGEST_DAY, parse_day
from hms.labels import MODES
from hms.web import formats, query_params

DAYS = {1: "Today", 3: "Next 3 days", 7: "Next 7 days"}
PART_WORDS = {"morning": "before 12:00", "afternoon": "12:00 to 17:00", "evening": "from 17:00"}
ANYTHING = ""


class Option(NamedTuple):
    """A choice: the field's name and value, words and what is said beside them, how many doctors it leaves (None: not
    counted), and whether it is chosen.
    """

    name: str
    value: str
    text: str
    beside: str
    doctors: int | None
    on: bool


class Group(NamedTuple):
    """The choices of one kind; of ``radio`` ones, one holds."""

    title: str
    kind: str
    options: list[Option]


class Panel(NamedTuple):
    """All filters; those in use as pairs of words and the address without them."""

    groups: list[Group]
    active: list[tuple[str, str]]
    date: str
    is_date_unread: bool


def parse_filters() -> Filters:
    """What the address asks for; what makes no sense counts as not there."""
    within = query_params.word("within")
    day = parse_day("date")
    parts = tuple(part for part in PARTS if part in query_params.all_words("part"))
    return Filters(
        day=day,
        within=None if day else next((days for days in WITHIN if str(days) == within), None),
        parts=parts,
        mode=words.parse_mode(query_params.word("visit")),
        language=query_params.text("language", longest=40),
        by_name=query_params.word("sort") == "name",
    )


def panel(
    filters: Filters,
    chosen: SpecialtyFacts | None,
    choices: Choices,
    within: Mapping[int, int],
    kinds: Mapping[str, int],
) -> Panel:
    """The filters with the number of doctors that each choice leaves, given the others."""
    typed = query_params.text("date", longest=LONGEST_DAY)
    groups = [
        Group("Day", "radio", _days(filters, within)),
        Group("Time of day", "checkbox", _parts(filters, kinds)),
        Group(MODES[Mode.BOTH], "radio", _modes(filters, kinds)),
        Group("Specialty", "radio", _specialties(filters, chosen, choices)),
        Group("Language", "radio", _languages(filters, chosen, choices)),
    ]
    return Panel(groups, _active(filters, chosen), typed, bool(typed) and not filters.day)


def _days(filters: Filters, within: Mapping[int, int]) -> list[Option]:
    counts = {} if filters.day else within
    options = [Option("within", ANYTHING, "Any day", "", None, not (filters.within or filters.day))]
    return options + [
        Option("within", str(days), DAYS[days], "", counts.get(days), filters.within == days) for days in WITHIN
    ]


def _parts(filters: Filters, kinds: Mapping[str, int]) -> list[Option]:
    return [
        Option("part", part, part.capitalize(), PART_WORDS[part], kinds.get(part), part in filters.parts)
        for part in PARTS
    ]


def _modes(filters: Filters, kinds: Mapping[str, int]) -> list[Option]:
    options = [Option("visit", ANYTHING, "Either", "", None, filters.mode is None)]
    return options + [
        Option("visit", mode, MODES[mode], "", kinds.get(mode.replace("-", "_")), filters.mode == mode)
        for mode in ("in-person", "online")
    ]


def _specialties(filters: Filters, chosen: SpecialtyFacts | None, choices: Choices) -> list[Option]:
    found = choices.specialties(language=filters.language.casefold())
    options = [Option("specialty", ANYTHING, "Any specialty", "", None, chosen is None)]
    for one, count in found:
        everyday_words = everyday(one.slug).words
        beside = one.name if everyday_words else ""
        options.append(Option("specialty", one.slug, everyday_words or one.name, beside, count, one == chosen))
    return options


def _languages(filters: Filters, chosen: SpecialtyFacts | None, choices: Choices) -> list[Option]:
    spoken, wanted = choices.languages(specialty=chosen.slug if chosen else ""), filters.language.casefold()
    options = [Option("language", ANYTHING, "Any language", "", None, not wanted)]
    if wanted and wanted not in {language.casefold() for language, _ in spoken}:
        spoken.append((filters.language, 0))
    return options + [
        Option("language", language, language, "", count, language.casefold() == wanted) for language, count in spoken
    ]


def _active(filters: Filters, chosen: SpecialtyFacts | None) -> list[tuple[str, str]]:
    found = []
    if chosen:
        found.append((with_everyday(chosen.slug, chosen.name), _without("specialty")))
    if filters.day:
        found.append((formats.plain_day(filters.day), _without("date")))
    if filters.within:
        found.append((DAYS[filters.within], _without("within")))
    found += [(part.capitalize(), _without("part", part)) for part in filters.parts]
    if filters.mode:
        found.append((MODES[filters.mode], _without("visit")))
    if filters.language:
        found.append((filters.language, _without("language")))
    return found


def asked(*leave_out: str) -> dict[str, list[str]]:
    """What the address asks for, without empty fields and the page."""
    known = ("q", "specialty", "within", "date", "part", "visit", "language", "sort")
    return {
        name: values
        for name in known
        if name not in leave_out and (values := [value for value in query_params.all_words(name) if value])
    }


def _without(name: str, value: str = "") -> str:
    """The address without a filter, or without one of its values."""
    kept = asked(name)
    if value and (others := [one for one in request.args.getlist(name) if one in PARTS and one != value]):
        kept[name] = others
    return url_for("directory.doctors", **kept)  # type: ignore[arg-type]  # lists become repeated fields
