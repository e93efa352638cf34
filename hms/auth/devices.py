"""The browsers that somebody signs in with: what they are called, and which of them were here before.

A browser that has signed in once keeps a random value for a year; with an account, its SHA-256 says that the account
was signed in to from there. It opens nothing: it spares the owner a mail, and other people's wrong guesses.
"""

import hashlib
import re
import secrets
from typing import NamedTuple

from flask import Flask, Response, current_app, g, has_request_context, request

from hms import throttle

OPAQUE = re.compile(r"[A-Za-z0-9_-]{43}")
ONE_YEAR_SECONDS = 31_536_000
LONGEST_AGENT = 400

BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}
"""What stands in what a browser says of itself, and what people call it; the first that is there counts."""


class Device(NamedTuple):
    """The browser of a request: the hash that it is known by, what it is called, and its part of the net."""

    id_hash: bytes
    name: str
    place: str | None


def current() -> Device | None:
    """The browser of this request, which gets a name to be known by; None outside of a request."""
    if not has_request_context():
        return None
    secret = known_by() or g.setdefault("new_device", secrets.token_urlsafe(32))
    return Device(_hash(secret), name_of(request.user_agent.string), throttle.place())


def known_hash() -> bytes | None:
    """The hash that this browser would be known by, if it was ever signed in."""
    secret = known_by() if has_request_context() else None
    return _hash(secret) if secret else None


def known_by() -> str | None:
    """What the browser keeps."""
    kept = request.cookies.get(_cookie_name(), "")
    return kept if OPAQUE.fullmatch(kept) else None


def name_of(user_agent: str) -> str:
    """``Firefox on Linux``; what a browser says of itself is only good for that."""
    agent = user_agent[:LONGEST_AGENT]
    browser = next((name for sign, name in BROWSERS.items() if sign in agent), "A browser")
    system = next((name for sign, name in SYSTEMS.items() if sign in agent), "")
    return f"{browser} on {system}" if system else browser


def init_app(app: Flask) -> None:
    """Let the browser keep what it is known by."""
    app.after_request(_tell_the_browser)


def _tell_the_browser(response: Response) -> Response:
    if secret := g.get("new_device"):
        response.set_cookie(
            _cookie_name(),
            secret,
            max_age=ONE_YEAR_SECONDS,
            path="/",
            secure=_is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response


def _cookie_name() -> str:
    return "__Host-hms-device" if _is_secure() else "hms-device"


def _is_secure() -> bool:
    return str(current_app.config["PUBLIC_URL"]).startswith("https:")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
