"""Everything between a request and a capability: pages and their errors, headers, formats, health, panels."""

from types import SimpleNamespace
from urllib.parse import quote

from flask import Flask, current_app

from hms import areas
from hms.web import assets, formats, fragment_cache, headers, health, pages, panels, sizes, tokens
from hms.web.pages import render

__all__ = ["init_app", "render"]


def init_app(app: Flask) -> None:
    """Dress the application: order matters only in that headers come first, so that every answer has them."""
    for part in (sizes, headers, pages, assets, formats, fragment_cache, health, panels, tokens):
        part.init_app(app)
    app.context_processor(_clinic)
    if app.config["MODE"] == "development":
        app.add_url_rule("/styleguide", "styleguide", lambda: render("styleguide.html"))
        areas.open_to_all(app, "styleguide")


def _clinic() -> dict[str, object]:
    """What every page may say of the clinic."""
    config = current_app.config
    return {
        "clinic": SimpleNamespace(
            name=config["CLINIC_NAME"],
            phone=formats.phone(config["CLINIC_PHONE"]),
            emergency=config["EMERGENCY_LINE"],
            timezone=config["CLINIC_TIMEZONE"],
            timezone_name=formats.clinic_time(),
            email=config["CLINIC_EMAIL"],
            address=config["CLINIC_ADDRESS"],
            map_url=_map_url(config["CLINIC_MAP_URL"], config["CLINIC_ADDRESS"]),
            opening_hours=config["OPENING_HOURS"],
            directions=config["DIRECTIONS"],
        )
    }


def _map_url(given: str, address: str) -> str:
    """Where a map shows the clinic; empty where nobody has said where it is."""
    return given or (f"https://www.openstreetmap.org/search?query={quote(address)}" if address else "")
