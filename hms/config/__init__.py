"""The settings: read, checked, and refused in sentences.

Every setting is an environment variable ``HMS_<NAME>`` and lives in ``app.config`` as ``<NAME>``; the table is in
settings.py. A default is right for production and fit to be public; where none can be, the setting is required.
Development and testing fill in what they need, so that a newcomer sets nothing. All that is wrong is said at once, one
sentence each, and HMS does not start.
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from flask import Flask
from flask.helpers import get_debug_flag

from hms.config import google
from hms.config.engine import engine_options
from hms.config.setting import PREFIX, Setting
from hms.config.settings import MODES, NAMES, NOT_OURS, SETTINGS
from hms.config.surroundings import fit
from hms.config.values import country_of, database_url

LOCAL_HOSTS = ("127.0.0.1", "localhost")
SECRET_KEY_LENGTH = 32
LARGEST_FORM = 64 * 1024  # bytes: six long texts in any script
TRY_OUT = "To try HMS out on this machine, set HMS_MODE=development."


StartDatabase = Callable[[Path], str]
"""Takes the folder of the data, and answers the address of a database that runs."""


class BadSettings(click.ClickException):
    """HMS cannot start like this; the message has one sentence a line."""


def load(
    app: Flask, overrides: Mapping[str, Any] | None = None, *, start_database: StartDatabase | None = None
) -> None:
    """Fill ``app.config`` from the environment and ``overrides`` (which win, and may hold Flask's own keys too).

    Raises :class:`BadSettings`. Outside of production, ``start_database`` gives the database where no other is named.
    """
    overrides = dict(overrides or {})
    given = _given(overrides)
    mode = given.get("MODE", "production")
    settings, complaints = _read(given, production=mode not in MODES[1:])
    if not complaints:
        _fill_in(settings, start_database)
        complaints = [*_unsafe(settings, debug=app.debug or get_debug_flag()), *_unfitting(settings)]
    complaints += _unknown(os.environ)
    if complaints and "MODE" not in given:
        complaints.append(TRY_OUT)
    if complaints:
        raise BadSettings("\n".join(complaints))
    app.config.update(settings)
    app.config.update(_derived(settings))
    app.config.update({key: value for key, value in overrides.items() if key not in NAMES})
    fit(app)


def _given(overrides: Mapping[str, Any]) -> dict[str, str]:
    """What was set, as text, by name; an empty variable counts as not set."""
    given = {setting.name: os.environ.get(setting.variable, "") for setting in SETTINGS}
    for name in NAMES & overrides.keys():
        value = overrides[name]
        given[name] = (
            ",".join(map(str, value)) if isinstance(value, list | tuple) else str("" if value is None else value)
        )
    return {name: value for name, value in given.items() if value.strip()}


def _read(given: Mapping[str, str], *, production: bool) -> tuple[dict[str, Any], list[str]]:
    settings: dict[str, Any] = {}
    complaints: list[str] = []
    for setting in SETTINGS:
        value = given.get(setting.name, _default(setting, production=production))
        if value is None and setting.required and production:
            complaints.append(f"{setting.variable} is required in production: {setting.help}")
        try:
            settings[setting.name] = None if value is None else setting.parse(value)
        except ValueError as error:
            complaints.append(f"{setting.variable} {error}.")
    return settings, complaints


def _default(setting: Setting, *, production: bool) -> str | None:
    if production or setting.development is None:
        return setting.default
    return setting.development


def _unknown(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable with our prefix that is no setting: it may be misspelt."""
    known = NOT_OURS | {setting.variable for setting in SETTINGS}
    strange = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting of HMS; .env.example lists them all." for name in strange]


def _fill_in(settings: dict[str, Any], start_database: StartDatabase | None) -> None:
    """Complete what follows from other settings; outside production also what stays on this machine."""
    settings["PUBLIC_URL"] = settings["PUBLIC_URL"] or f"http://127.0.0.1:{settings['PORT']}"
    local = () if settings["MODE"] == "production" else LOCAL_HOSTS
    settings["TRUSTED_HOSTS"] = settings["TRUSTED_HOSTS"] or [_host(settings["PUBLIC_URL"]), *local]
    if settings["MODE"] == "testing":
        settings["SECRET_KEY"] = settings["SECRET_KEY"] or "t" * SECRET_KEY_LENGTH
    if settings["MODE"] == "development":
        settings["SECRET_KEY"] = settings["SECRET_KEY"] or development_secret(settings["DATA_DIR"])
    if settings["MODE"] != "production":
        settings["AUDIT_KEY"] = settings["AUDIT_KEY"] or _derived_key(settings["SECRET_KEY"])
    settings["CLINIC_COUNTRY"] = settings["CLINIC_COUNTRY"] or country_of(settings["CLINIC_TIMEZONE"])
    google.fill_in(settings, kept=development_encryption_key)
    if start_database and not settings["DATABASE_URL"] and settings["MODE"] != "production":
        settings["DATABASE_URL"] = database_url(start_database(settings["DATA_DIR"]))


def _derived_key(secret: str) -> str:
    """A key for the audit log where nobody has set one, always the same on this machine."""
    return hashlib.sha256(f"audit:{secret}".encode()).hexdigest()


def _host(address: str) -> str:
    """The host as a browser sends it, without the port; an IPv6 address keeps its brackets."""
    hostname = urlsplit(address).hostname or ""
    return f"[{hostname}]" if ":" in hostname else hostname


def development_secret(data_dir: Path) -> str:
    """A secret key of this machine's own, kept in a file that only its owner can read."""
    return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(SECRET_KEY_LENGTH))


def development_encryption_key(data_dir: Path) -> str:
    """A key that seals tokens, of this machine's own and kept in the same way."""
    return _kept(data_dir / "encryption_key", google.new_key)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The content of the file; a new secret is written if there is none yet."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keep(path, make())
        return path.read_text()
    except OSError as error:
        raise BadSettings(f"HMS_DATA_DIR must be a folder that HMS can write to: {error}.") from error


def _keep(path: Path, secret: str) -> None:
    """Write the whole file or nothing; when several processes start together, the first one's secret stays."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # made with mode 0600
        file.write(secret)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


def _unsafe(settings: Mapping[str, Any], *, debug: bool) -> Iterator[str]:
    """What production must not run with."""
    if settings["MODE"] != "production":
        return
    if debug:
        yield "FLASK_DEBUG must be off in production: its pages show the code and its data."
    secret = settings["SECRET_KEY"]
    if len(secret) < SECRET_KEY_LENGTH or len(set(secret)) < SECRET_KEY_LENGTH // 4:
        yield f"HMS_SECRET_KEY must be at least {SECRET_KEY_LENGTH} random characters."
    if len(settings["AUDIT_KEY"]) < SECRET_KEY_LENGTH or settings["AUDIT_KEY"] == secret:
        yield f"HMS_AUDIT_KEY must be at least {SECRET_KEY_LENGTH} random characters, and not those of HMS_SECRET_KEY."
    if not settings["PUBLIC_URL"].startswith("https://"):
        yield "HMS_PUBLIC_URL must begin with https:// in production: sign-in cookies travel only over HTTPS."
    if any("*" in host or host.startswith(".") for host in settings["TRUSTED_HOSTS"]):
        yield "HMS_TRUSTED_HOSTS must name each host in full: a wildcard lets anybody choose the host in our links."
    yield from google.unsafe(settings)


def _unfitting(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings that do not fit together."""
    if settings["WEB_THREADS"] > settings["DATABASE_POOL_SIZE"]:
        yield "HMS_DATABASE_POOL_SIZE must be at least HMS_WEB_THREADS: each thread needs a connection of its own."


def _derived(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What Flask and its extensions need, following from our settings."""
    secure = settings["PUBLIC_URL"].startswith("https://")
    return {
        "TESTING": settings["MODE"] == "testing",
        **_databases(settings),
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,  # a token lasts as long as its session: a form may be filled in slowly
        "WTF_CSRF_SSL_STRICT": False,  # pages whose address is secret send no Referer; token and cookie are the proof
        "MAX_CONTENT_LENGTH": LARGEST_FORM,  # a page that takes a file says more
        "MAX_FORM_MEMORY_SIZE": LARGEST_FORM,
        "MAX_FORM_PARTS": 1000,
    }


def _databases(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The primary, and the replica where there is one."""
    primary, replica = settings["DATABASE_URL"], settings["READ_DATABASE_URL"]
    how = {"pool_size": settings["DATABASE_POOL_SIZE"], "pooler": settings["DATABASE_POOLER"] == "1"}
    return {
        "SQLALCHEMY_DATABASE_URI": primary,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(primary, **how),
        "SQLALCHEMY_BINDS": {"replica": {"url": replica, **engine_options(replica, **how)}} if replica else {},
    }
