"""The menus of areas, and the first page of each."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import NamedTuple

from flask import Flask, request, url_for

from hms.areas.registry import PUBLIC, Badge, Entry, current, of_app

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
    """The entries of these areas for whoever makes this request, in their order; nobody is looked up where all of them
    are for everybody, as at the foot of an error page."""
    known, here = current(), request.endpoint
    entries = [entry for area in areas for entry in known.menus[area]]
    if any(known.access[entry.endpoint] != PUBLIC for entry in entries):
        accesses = known.guard.accesses()
        entries = [entry for entry in entries if known.access[entry.endpoint] in accesses]
    shown = [entry for entry in entries if entry.shown is None or entry.shown()]
    return [_link(entry, here) for entry in sorted(shown, key=attrgetter("order"))]


def may_open(endpoint: str) -> bool:
    """Whether the guard lets whoever makes this request open the page, so that it is worth a link."""
    known = current()
    return known.access[endpoint] in known.guard.accesses()


def home_of(area: str) -> str:
    """The address of an area's first page."""
    return _address(current().homes[area])


def own_home() -> str:
    """The address of the first page of whoever makes this request."""
    return home_of(current().guard.own_area())


def _link(entry: Entry, here: str | None) -> Link:
    return Link(
        entry.label,
        _address(entry.endpoint),
        entry.icon,
        _current(entry, here),
        entry.badge() if entry.badge else None,
        entry.posts,
        entry.order >= AT_THE_END,
    )


def _address(endpoint: str) -> str:
    """The address of a page without arguments: every page shows a dozen of them, and they stay as they are."""
    addresses, where = current().addresses, (request.script_root, endpoint)
    if where not in addresses:
        addresses[where] = url_for(endpoint)
    return addresses[where]


def _current(entry: Entry, here: str | None) -> str | None:
    if here == entry.endpoint:
        return "page"
    return "true" if here in entry.also else None
