"""``/healthz`` (is it alive?) and ``/readyz`` (can it work?), for monitoring."""

import math
import time
from pathlib import Path

from flask import Flask, Response, current_app, jsonify
from psycopg2 import errors as pg
from sqlalchemy import Float, String, column, literal_column, select, table, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hms import areas, clock
from hms.config.timekeeping import SHOWS
from hms.db import db, session_connection

AT = select(column("version_num", String()), literal_column(SHOWS, Float()).label("shows")).select_from(
    table("alembic_version")
)
REVISIONS, ROOM = "hms.revisions", "hms.room"

PROBE_SECONDS = 5.0
"""How long what is known of the disk holds: it is asked of a busy database, too."""

SPILL = """
    SELECT count(*) FROM (SELECT set_config('work_mem', '64kB', true)) AS little, generate_series(1, 20000)
"""
"""More rows than fit into so little memory, so that the server writes them into a file, and removes it."""


def init_app(app: Flask) -> None:
    """Answer ``/healthz`` and ``/readyz``; which revisions this version knows is read once, when it starts."""
    app.extensions[REVISIONS] = known_revisions(Path(app.extensions["migrate"].directory))
    app.extensions[ROOM] = Room()
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
    areas.open_to_all(app, "healthz")
    areas.open_to_all(app, "readyz")


def healthz() -> Response:
    """200 while the process answers at all; it asks nothing of the database."""
    return jsonify(status="ok")


def readyz() -> tuple[Response, int]:
    """200 when this process can do all that people ask of it, else 503 and why.

    The database answers and can be written to, its tables are at this version's revision or past it, and its clock and
    ours agree.
    """
    reason = _why_not()
    if reason is None:
        return jsonify(status="ok"), 200
    current_app.logger.warning("not ready: %s", reason)
    return jsonify(status="unavailable", reason=reason), 503


def _why_not() -> str | None:
    try:
        return tables_behind() or clock.trouble() or _room().why_not()
    except SQLAlchemyError as error:
        current_app.logger.warning("not ready: %s", type(error).__name__)
        return "The database doesn’t answer, or has no tables yet."


def tables_behind() -> str | None:
    """In a sentence that the tables are of an earlier version, if they are; on the way the database's clock is read."""
    asked_at = time.monotonic()
    found = db.session.execute(AT).first()
    if found:
        clock.follow(float(found.shows), asked_at=asked_at)
    at = found.version_num if found else None
    if not is_behind(at):
        return None
    return f"The tables are at {at}, this version needs {current_app.extensions[REVISIONS][-1]}."


class Room:
    """Whether the database can write, found out now and then by having it write a temporary file of half a megabyte.

    A full disk lets everything be read, and nobody book.
    """

    def __init__(self) -> None:
        self._looked_at = -math.inf
        self._reason: str | None = None

    def why_not(self) -> str | None:
        """In a sentence why it cannot, as of some seconds ago; raises what a database that does not answer raises."""
        if time.monotonic() - self._looked_at >= PROBE_SECONDS:
            self._reason = self._try()
            self._looked_at = time.monotonic()
        return self._reason

    def _try(self) -> str | None:
        connection = session_connection(writes=False)
        try:
            is_read_only = connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on"
            connection.execute(text(SPILL))
        except OperationalError as error:
            if not isinstance(error.orig, pg.DiskFull | pg.ConfigurationLimitExceeded):
                raise
            return "The database has no room left on its disk."
        return "The database can only be read at the moment." if is_read_only else None


def _room() -> Room:
    return current_app.extensions[ROOM]


def is_behind(revision: str | None) -> bool:
    """Whether tables at this revision lack what this version needs.

    A revision that this version does not know was made by a later one: migrations are safe for the processes that
    still run the version before.
    """
    return revision is None or revision in current_app.extensions[REVISIONS][:-1]


def known_revisions(directory: Path) -> list[str]:
    """The revisions of this version, the last one being what it needs: the numbers that the files' names begin with."""
    return sorted(path.name.partition("_")[0] for path in (directory / "versions").glob("[0-9]*_*.py"))
