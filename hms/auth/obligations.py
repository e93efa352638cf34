"""What keeps an account from being closed: what others count on. Auth does not know what that is.

A capability above hands down a provider in its ``init_app`` (:func:`ask`), as scheduling does for visits to come.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from flask import Flask, current_app

from hms.auth.models import User


class Obligation(NamedTuple):
    """One thing that others count on, on one line; ``can_be_ended`` unless it is happening now."""

    line: str
    can_be_ended: bool = True


class Provider(Protocol):
    """Knows one kind of obligation."""

    def count(self, user: User) -> int:
        """How many there are."""

    def first(self, user: User, *, limit: int) -> Sequence[Obligation]:
        """The first ``limit`` of them; those that cannot be ended come first of all."""

    def end_some(self, user: User, *, reason: str) -> int:
        """End some, each in its own transaction, which also tells the people concerned; how many. 0: none is left."""


def ask(app: Flask, provider: Provider) -> None:
    """Ask ``provider`` before an account is closed."""
    app.extensions.setdefault("hms.obligations", []).append(provider)


def providers() -> Sequence[Provider]:
    """Everybody who is asked."""
    return cast(Sequence[Provider], current_app.extensions.get("hms.obligations", ()))
