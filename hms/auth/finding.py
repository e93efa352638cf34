"""Finding doctors by words: what a doctor is found by, and how it is asked for.

``Doctor.search_text`` holds the folded words of the name, a ``/``, and the folded words of the specialty with what
people call it. Its beginning is also what doctors are sorted by, so that titles, capitals and accents do not matter.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    event,
    exists,
    inspect,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from hms.auth.models import Doctor, Role, Specialty, User
from hms.text import fold

MAX_WORDS = 6
LONGEST_WORD = 40
MIN_LETTERS_INSIDE = 3
"""A shorter word is looked for at the beginning of words alone."""

MIN_LETTERS_MISSPELT = 4
MAX_LETTERS_MISSPELT = 20
MAX_LETTERS_OF_NAMES_ALONE = 5
"""A word as short as that is not looked for in specialties if it is misspelt: *bose* is not the *nose*."""


TITLES = frozenset(
    re.findall(
        r"\w+",
        """
        dr dra drs doctor doctors docteur doctora doktor dott dottoressa prof professor
        mr mrs ms miss mx sir dame herr frau mme mlle madame monsieur senor senora sra
        md phd mbbs mbchb facs frcp frcs frcgp mrcp mrcs mrcgp
        """,
    )
)
"""What stands before or behind a name, and belongs to it no more than to another."""

_TITLES_OF_TWO = re.compile(r"\b(?:dr med|ph d|m d|mb bs|mb chb)\b")
FILLERS = frozenset(["a", "and", "for", "of", "the", "with", "specialist", "consultant"])
FILLERS_THAT_ARE_NAMES = frozenset(["an", "in", "my", "to"])


class Words(NamedTuple):
    """What somebody looks for: up to six words, each of which must be found."""

    words: tuple[str, ...]

    @property
    def values(self) -> dict[str, str]:
        """The parameters of :func:`found_doctors`."""
        return {
            f"{kind}_{number}": of(word) for number, word in enumerate(self.words) for kind, of in _PARAMETERS.items()
        }


def words_of(query: str) -> Words:
    """The words to look for; titles and words such as *for* are left out, and *my* where there are others (Dr My)."""
    found = [word[:LONGEST_WORD] for word in _without_titles(fold(query)) if word not in FILLERS]
    words = [word for word in found if word not in FILLERS_THAT_ARE_NAMES] or found
    return Words(tuple(dict.fromkeys(words))[:MAX_WORDS])


def search_text(full_name: str, specialty: str, also_called: str) -> str:
    """What a doctor with this name and specialty is found by."""
    names = _without_titles(fold(full_name)) or fold(full_name).split()
    return f" {' '.join(names)} / {fold(f'{specialty} {also_called}')} "


def _without_titles(folded: str) -> list[str]:
    return [word for word in _TITLES_OF_TWO.sub("", folded).split() if word not in TITLES]


def sort_key() -> ColumnElement[str]:
    """What doctors are sorted by, as people sort: without titles, whatever the capitals and accents."""
    return Doctor.search_text.collate("C")


def found_doctors(count: int, *conditions: ColumnElement[bool]) -> CTE:
    """The doctors who fulfil the conditions (on doctors, users, specialties) and have ``count`` words.

    ``whole_words`` says how many words are whole words of the name. When nobody has the words as they are written,
    those are found who have similar ones, and ``is_exact`` is false.
    """
    exactly = _having([_is_part(number) for number in range(count)], conditions, is_exact=True).cte("exactly")
    nobody = ~exists(select(literal(1)).select_from(exactly))
    roughly = _having([_is_similar(number) for number in range(count)], [*conditions, nobody], is_exact=False)
    return union_all(select(exactly), roughly).cte("found_by_words")


def _having(
    words: Sequence[ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]], *, is_exact: bool
) -> Select:
    return (
        select(
            Doctor.id.label("doctor_id"),
            _whole_words(len(words)).label("whole_words"),
            literal(is_exact).label("is_exact"),
        )
        .join(User, Doctor.user_id == User.id)
        .join(Specialty, Doctor.specialty_id == Specialty.id)
        .where(and_(*words), *conditions)
    )


def _is_part(number: int) -> ColumnElement[bool]:
    return or_(_is_like("inside", number), _is_like("start", number))


def _is_similar(number: int) -> ColumnElement[bool]:
    return or_(
        Doctor.search_text.op("%>", is_comparison=True)(_parameter("word", number)),
        Doctor.search_text.op("~", is_comparison=True)(_parameter("misspelt", number)),
    )


def _whole_words(count: int) -> ColumnElement[int]:
    first, *others = (case((_is_like("whole", number), 1), else_=0) for number in range(count))
    return sum(others, start=first)


def _is_like(kind: str, number: int) -> ColumnElement[bool]:
    return Doctor.search_text.like(_parameter(kind, number))


def _parameter(kind: str, number: int) -> Any:
    return bindparam(f"{kind}_{number}", type_=String)


def _inside(word: str) -> str:
    """Within the name; a short word, as the beginning of one. Not within the specialty: *ear* is not in *heart*."""
    return f"%{word}%/%" if len(word) >= MIN_LETTERS_INSIDE or not word.isascii() else _start(word)


def _start(word: str) -> str:
    return f"% {word}%"


def _whole(word: str) -> str:
    return f"% {word} %/%"


def _misspelt(word: str) -> str:
    """A regular expression: the word as it is typed begins a word, or is one but for a letter more, less or other, or
    two letters the other way round.
    """
    if not (word.isascii() and MIN_LETTERS_MISSPELT <= len(word) <= MAX_LETTERS_MISSPELT):
        return f" {word}"
    places = range(len(word))
    other = [f"{word[:at]}[^ ]?{word[at + 1 :]}" for at in places]
    more = [f"{word[:at]}[^ ]{word[at:]}" for at in (*places, len(word))]
    turned = [f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}" for at in places[:-1]]
    within = " .*/" if len(word) <= MAX_LETTERS_OF_NAMES_ALONE else " "
    return f" ({word}|({'|'.join([*other, *more, *turned])}){within})"


_PARAMETERS: dict[str, Callable[[str], str]] = {
    "inside": _inside,
    "start": _start,
    "whole": _whole,
    "word": str,
    "misspelt": _misspelt,
}


@event.listens_for(Session, "before_flush")
def _keep_findable(session: Session, *_: object) -> None:
    """Whoever changes a doctor's name or specialty, or what a specialty is called, need not think of the search."""
    for changed in [*session.new, *session.dirty]:
        for doctor in _doctors_of(changed):
            make_findable(doctor)


def make_findable(doctor: Doctor) -> bool:
    """Let a doctor be found by the name and specialty as they are now; whether that was not so."""
    text = search_text(doctor.user.full_name, doctor.specialty.name, doctor.specialty.also_called)
    if doctor.search_text == text:
        return False
    doctor.search_text = text
    return True


def _doctors_of(changed: object) -> list[Doctor]:
    """The doctors whom the change of this row concerns."""
    if isinstance(changed, User) and changed.role == Role.DOCTOR and _has_changed(changed, "full_name"):
        return [changed.doctor] if changed.doctor else []
    if (
        isinstance(changed, Doctor)
        and changed.user is not None
        and changed.specialty is not None
        and _has_changed(changed, "specialty", "specialty_id", "user")
    ):
        return [changed]
    return []


def _has_changed(row: object, *names: str) -> bool:
    state = inspect(row)
    return any(state.attrs[name].history.has_changes() for name in names)
