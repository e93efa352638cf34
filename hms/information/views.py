"""Pages about the site, with texts that fit most clinics: what differs comes from the settings."""

import json

from flask import Response, current_app, url_for
from flask.typing import ResponseReturnValue

from hms import areas
from hms.web import render
from hms.web.assets import asset

ONE_HOUR_SECONDS = 3600
FOOTER = (
    ("Contact us", "contact"),
    ("Privacy", "privacy"),
    ("Terms of use", "terms"),
    ("Accessibility", "accessibility"),
)

bp = areas.blueprint("public", "information", __name__)


@bp.get("/contact")
def contact() -> ResponseReturnValue:
    """How to reach the clinic, when it is open, and how to get there."""
    return render("information/contact.html")


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """What is kept about people, why, who sees it, and what they can ask for."""
    return render("information/privacy.html")


@bp.get("/terms")
def terms() -> ResponseReturnValue:
    """What holds for whoever books here."""
    return render("information/terms.html")


@bp.get("/accessibility")
def accessibility() -> ResponseReturnValue:
    """For whom the pages work, what does not work yet, and whom to tell."""
    return render("information/accessibility.html")


@bp.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """What a phone needs to put the site on its home screen (https://www.w3.org/TR/appmanifest/)."""
    name = current_app.config["CLINIC_NAME"]
    content = {
        "name": f"{name} appointments",
        "short_name": name,
        "start_url": areas.home_of(areas.PUBLIC),
        "display": "minimal-ui",
        "background_color": "#f5f6f3",
        "theme_color": "#0b5c5f",
        "icons": [
            {"src": asset("favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": asset("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
        ],
    }
    response = Response(json.dumps(content), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = f"public, max-age={ONE_HOUR_SECONDS}"
    return response


def manifest_address() -> str:
    """Where the manifest is, for the head of every page."""
    return url_for("information.manifest")
