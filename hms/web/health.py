"""Is it alive, and can it work: for the machine that watches over this one."""

from pathlib import Path

from flask import Flask, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hms.db import db

REVISIONS = "hms.revisions"


def init_app(app: Flask) -> None:
    """Answer ``/healthz`` and ``/readyz``; which revisions this version knows is read once, when it starts."""
    app.extensions[REVISIONS] = known_revisions(Path(app.extensions["migrate"].directory))
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def healthz() -> Response:
    """200 while the process answers at all; it asks nothing of the database."""
    return jsonify(status="ok")


def readyz() -> tuple[Response, int]:
    """200 when the database answers and its tables are at this version's revision or past it, else 503 and why."""
    try:
        at = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        current_app.logger.warning("not ready: %s", type(error).__name__)
        return jsonify(status="unavailable", reason="The database does not answer, or has no tables yet."), 503
    if is_behind(at):
        head = current_app.extensions[REVISIONS][-1]
        return jsonify(status="unavailable", reason=f"The tables are at {at}, this version needs {head}."), 503
    return jsonify(status="ok"), 200


def is_behind(revision: str | None) -> bool:
    """Whether tables at this revision lack what this version needs.

    A revision that this version does not know was made by a later one: migrations are safe for the processes that
    still run the version before.
    """
    return revision is None or revision in current_app.extensions[REVISIONS][:-1]


def known_revisions(directory: Path) -> list[str]:
    """The revisions of this version, the last one being what it needs: the numbers that the files' names begin with."""
    return sorted(path.name.partition("_")[0] for path in (directory / "versions").glob("[0-9]*_*.py"))
