"""The areas of the site, who may see their pages, and what one application knows of both."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast

from flask import current_app
from flask.sansio.app import App
from flask.typing import ResponseReturnValue

KEY = "hms.areas"
PUBLIC = "public"
FOOTER = "footer"
"""A menu without an area: what stands at the foot of every page."""


class Area(NamedTuple):
    """A part of the site: the beginning of its addresses, and who is let in unless a page says otherwise."""

    prefix: str
    access: str


AREAS = {
    "public": Area("", PUBLIC),
    "account": Area("", "signed-in"),
    "patient": Area("/patient", "patient"),
    "doctor": Area("/doctor", "doctor"),
    "staff": Area("/staff", "admin"),
    "reception": Area("/reception", "staff"),
    "admin": Area("/admin", "admin"),
}


class Guard(Protocol):
    """Knows who may pass; ``hms.auth.guards`` has the one of this house."""

    def knows(self, access: str) -> bool:
        """Whether there is such an access."""

    def check(self, access: str) -> ResponseReturnValue | None:
        """None for whom ``access`` lets in; where to go instead, or a refusal, for everybody else."""

    def accesses(self) -> Collection[str]:
        """All that let in whoever makes this request."""

    def own_area(self) -> str:
        """The area in which whoever makes this request is at home."""


@dataclass(frozen=True)
class Badge:
    """A number beside a menu entry, and the words that say of what: ``Badge(3, "waiting for approval")``."""

    count: int
    words: str


@dataclass(frozen=True)
class Entry:
    """An entry of a menu, as a capability declares it (:func:`hms.areas.menu`)."""

    label: str
    endpoint: str
    icon: str
    order: int
    also: frozenset[str]
    badge: Callable[[], Badge | None] | None
    shown: Callable[[], bool] | None
    posts: bool


@dataclass
class Registry:
    """What one application knows of its areas."""

    access: dict[str, str] = field(default_factory=dict)
    menus: dict[str, list[Entry]] = field(default_factory=lambda: {name: [] for name in (*AREAS, FOOTER)})
    homes: dict[str, str] = field(default_factory=dict)
    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    handed_down: Guard | None = None

    @property
    def guard(self) -> Guard:
        """Who decides; raises :class:`LookupError` while nobody does, so that nobody is let in."""
        if self.handed_down is None:
            raise LookupError("Nobody says who may pass: areas.guard_with was not called.")
        return self.handed_down

    def declare(self, endpoint: str, access: str) -> None:
        """Note who is let in at an endpoint; raises :class:`ValueError` where its routes differ in that."""
        if not self.guard.knows(access):
            raise ValueError(f"There is no access {access!r}.")
        if self.access.setdefault(endpoint, access) != access:
            raise ValueError(f"The routes of {endpoint} differ in whom they let in.")


def of_app(app: App) -> Registry:
    """What this application knows."""
    return cast(Registry, app.extensions[KEY])


def current() -> Registry:
    """What the application of this request knows."""
    return of_app(current_app)


def guard_with(app: App, guard: Guard) -> None:
    """Ask ``guard`` at the door of every area."""
    of_app(app).handed_down = guard


def open_to_all(app: App, endpoint: str) -> None:
    """Say of an endpoint without a blueprint that it lets everybody in."""
    of_app(app).access[endpoint] = PUBLIC


def access_of(endpoint: str | None) -> str | None:
    """Who is let in at this endpoint; None where nothing says it."""
    return current().access.get(endpoint or "")
