"""The settings of Google Calendar: Google's own addresses, what else is refused in production, and the sealing keys."""

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

ADDRESSES = {
    "GOOGLE_AUTH_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "GOOGLE_REVOKE_URL": "https://oauth2.googleapis.com/revoke",
    "GOOGLE_CALENDAR_URL": "https://www.googleapis.com/calendar/v3/",
}
"""Pinned here rather than discovered at run time: nobody can redirect a clinic's tokens by changing a document."""

KEY_BYTES = 32


def is_google(setting: str, address: str) -> bool:
    """Whether an address is on Google's own host for it, over HTTPS. Production takes no other."""
    given, own = urlsplit(address), urlsplit(ADDRESSES[setting])
    return (given.scheme, given.netloc) == (own.scheme, own.netloc)


def endpoint(value: str) -> str:
    """The address of a service: http or https, with a host, and nothing after the path."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise ValueError(f"must be an address such as https://oauth2.googleapis.com/token, not {value!r}")
    return value


def sealing_keys(value: str) -> list[str]:
    """Keys as ``flask keys new`` makes them, separated by commas, the newest first. They are never repeated."""
    keys = [key.strip() for key in value.split(",") if key.strip()]
    if not all(map(_is_key, keys)):
        raise ValueError("must be keys made by `flask keys new`, separated by commas, the newest first")
    return keys


def new_key() -> str:
    """A fresh key: 32 random bytes in URL-safe base64, as Fernet takes it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.encode(), altchars=b"-_", validate=True)) == KEY_BYTES
    except ValueError:
        return False


def fill_in(settings: dict[str, Any], *, kept: Callable[..., str]) -> None:
    """Outside production, a sealing key: a fixed one for tests, one of this machine's own for development."""
    if settings["ENCRYPTION_KEYS"] or settings["MODE"] == "production":
        return
    testing = settings["MODE"] == "testing"
    key = base64.urlsafe_b64encode(b"t" * KEY_BYTES).decode() if testing else kept(settings["DATA_DIR"])
    settings["ENCRYPTION_KEYS"] = [key]


def unsafe(settings: Mapping[str, Any]) -> Iterator[str]:
    """What production must not run with, one sentence each."""
    if not settings["GOOGLE_CLIENT_ID"]:
        return
    if not settings["GOOGLE_CLIENT_SECRET"]:
        yield "HMS_GOOGLE_CLIENT_SECRET is required when HMS_GOOGLE_CLIENT_ID is set."
    if not settings["ENCRYPTION_KEYS"]:
        yield "HMS_ENCRYPTION_KEYS is required when HMS_GOOGLE_CLIENT_ID is set; `flask keys new` makes a key."
    if settings["SECRET_KEY"] in settings["ENCRYPTION_KEYS"]:
        yield "HMS_ENCRYPTION_KEYS must not hold HMS_SECRET_KEY: who learns one must not have the other."
    for name in ADDRESSES:
        if not is_google(name, settings[name]):
            yield f"HMS_{name} must stay at Google's own address in production; another one is for tests only."
