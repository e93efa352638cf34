"""What stands behind the ``?`` of an address, cleaned as the fields of forms are. People edit addresses, and programs
guess them: whatever makes no sense counts as not there."""

import re
from datetime import date

from flask import request

from hms import clock, wall_text
from hms.text import EXPANSION, TooLong, clean, is_one_line, on_one_line

LONGEST_WORD = 100
MOST_WORDS = 12


def text(name: str, *, longest: int) -> str:
    """One line of text; of one that is longer, its beginning."""
    typed = request.args.get(name, "").strip()[: EXPANSION * longest]
    try:
        cleaned = clean(typed, longest=EXPANSION * longest)
    except TooLong:
        return ""
    return (cleaned if is_one_line(cleaned) else on_one_line(cleaned))[:longest].rstrip()


def word(name: str, *, longest: int = LONGEST_WORD) -> str:
    """A word that only means something if it is one of ours, or of whoever sent the browser here."""
    given = request.args.get(name, "")
    return given if len(given) <= longest else ""


def is_given(name: str) -> bool:
    """Whether the parameter is there, whatever it says."""
    return name in request.args


def all_words(name: str) -> list[str]:
    """The words of a parameter that can be given several times; at most a dozen."""
    return [given for given in request.args.getlist(name)[:MOST_WORDS] if len(given) <= LONGEST_WORD]


def day(name: str) -> date | None:
    """A day written as ``2026-11-26``, in the years that a calendar here can show."""
    written = word(name)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        return None
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if clock.FIRST_DAY <= found <= clock.LAST_DAY else None


def parse_day(typed: str) -> date | None:
    """A day as people write one, in the years that a calendar here can show."""
    found = wall_text.read_day(typed)
    return found if found and clock.FIRST_DAY <= found <= clock.LAST_DAY else None


def number(name: str) -> int | None:
    """A whole number of at most six digits."""
    written = word(name)
    return int(written) if re.fullmatch(r"[0-9]{1,6}", written, re.ASCII) else None


def all_days(name: str) -> list[date]:
    """The days of a parameter that is given several times."""
    days = []
    for written in request.args.getlist(name):
        try:
            days.append(date.fromisoformat(written[:LONGEST_WORD]))
        except ValueError:
            continue
    return days
