"""What helps ``flask serve`` outside of production, handed down by the tools for development."""

from typing import Protocol

from flask import Flask

from hms.server.programs import Companions

KEY = "hms.assistance"


class Assistance(Protocol):
    """Looks after the embedded database, and knows what runs beside the portal."""

    def companions(self, app: Flask, *, address: str) -> Companions:
        """What ``flask serve`` starts beside the portal, which is at ``address``."""

    def revive_database(self) -> None:
        """Start the embedded database again if this process holds it and it died."""

    def stop_database(self) -> None:
        """Let go of the embedded database."""


def assist_with(app: Flask, given: Assistance) -> None:
    """Have ``given`` help."""
    app.extensions[KEY] = given


def assistance(app: Flask) -> Assistance | None:
    """Who helps, if anybody does."""
    found: Assistance | None = app.extensions.get(KEY)
    return found
