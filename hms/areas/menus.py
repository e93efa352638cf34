"""The menus of areas, and the first page of each."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from flask import Flask, request, url_for

from hms.areas.registry import Badge, Entry, current, of_app

AT_THE_END = 90
"""From this order on, entries stand at the far end of a wide bar."""


class Link(NamedTuple):
    """An entry as a page draws it; ``current`` is the value of ``aria-current``, if any."""

    label: str
    href: str
    icon: str
    current: str | None
    badge: Badge | None
    posts: bool
    is_at_the_end: bool


def menu(
    app: Flask,
    area: str,
    label: str,
    endpoint: str,
    *,
    icon: str,
    order: int,
    also: Iterable[str] = (),
    badge: Callable[[], Badge | None] | None = None,
    shown: Callable[[], bool] | None = None,
    posts: bool = False,
) -> None:
    """Add an entry to the menu of an area, for all whom ``endpoint`` lets in (while ``shown()``, if that is given).

    It is marked on the page of ``endpoint``, and on those of ``also``. ``badge()`` is asked whenever the entry is
    drawn, and never for somebody who does not see it. An entry that ``posts`` is a button, which acts.
    """
    of_app(app).menus[area].append(Entry(label, endpoint, icon, order, frozenset(also), badge, shown, posts))


def home(app: Flask, area: str, endpoint: str) -> None:
    """Say which page is the first of an area."""
    of_app(app).homes[area] = endpoint


def area_menu(*areas: str) -> list[Link]:
    """The entries of these areas for whoever makes this request, in their order."""
    menus = current().menus
    entries = sorted((entry for area in areas for entry in menus[area]), key=lambda entry: entry.order)
    return [_link(entry) for entry in entries if _is_shown(entry)]


def home_of(area: str) -> str:
    """The address of an area's first page."""
    return url_for(current().homes[area])


def own_home() -> str:
    """The address of the first page of whoever makes this request."""
    return home_of(current().guard.own_area())


def _is_shown(entry: Entry) -> bool:
    areas = current()
    return areas.guard.lets_in(areas.access[entry.endpoint]) and (entry.shown is None or entry.shown())


def _link(entry: Entry) -> Link:
    return Link(
        entry.label,
        url_for(entry.endpoint),
        entry.icon,
        _current(entry),
        entry.badge() if entry.badge else None,
        entry.posts,
        entry.order >= AT_THE_END,
    )


def _current(entry: Entry) -> str | None:
    if request.endpoint == entry.endpoint:
        return "page"
    return "true" if request.endpoint in entry.also else None
