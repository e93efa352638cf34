"""Lists that are longer than a page: which page is asked for, and what a page that does not exist shows.

Whoever asks for a page after the last one, because an address was guessed or the list has become shorter,
gets the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

Item = TypeVar("Item")
PAGE_SIZE = 50
"""How many things stand on a page, where nothing says otherwise (a page of the directory has 20 cards)."""

HIGHEST = 100_000
"""Higher numbers are read as this one, so that no list is asked to pass over more rows than a number can count."""

DIGITS = len(str(HIGHEST))


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list of ``total`` things, of which ``size`` stand on a page; numbers count from 1."""

    items: Sequence[Item]
    number: int
    total: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return pages_of(self.total, self.size)


def pages_of(total: int, size: int) -> int:
    """How many pages hold so many things, at least one."""
    return max(1, -(-total // size))


def parse_page(name: str = "page") -> int:
    """The number of the page that the address asks for; 1 for what is no number."""
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")
    return HIGHEST if len(digits) > DIGITS else min(max(1, int(digits or "1")), HIGHEST)


def clamped(number: int, *, total: int, size: int) -> int:
    """The page with this number, or the last one where there is none."""
    return min(number, pages_of(total, size))


def load_page(load: Callable[[int], tuple[Sequence[Item], int]], number: int, *, size: int) -> Page[Item]:
    """The page that ``load(number)`` answers with how many there are in all, or the last one if that is empty.

    Rows that are not there cannot say how many there are: then the first page is asked, and the last.
    """
    items, total = load(number)
    if not items and number > 1:
        items, total = load(1)
        number = clamped(number, total=total, size=size)
        if number > 1:
            items, total = load(number)
    return Page(items, number, total, size)


def page_of(things: Sequence[Item], number: int, *, size: int = PAGE_SIZE) -> Page[Item]:
    """The page with this number of a list that is there whole, or the last one."""
    number = clamped(number, total=len(things), size=size)
    return Page(things[(number - 1) * size : number * size], number, len(things), size)
