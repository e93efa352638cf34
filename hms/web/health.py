"""Is it alive, and can it work: for the machine that watches over this one."""

from alembic.script import ScriptDirectory
from flask import Flask, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hms.db import db


def init_app(app: Flask) -> None:
    """Answer ``/healthz`` and ``/readyz``."""
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def healthz() -> Response:
    """200 while the process answers at all; it asks nothing of the database."""
    return jsonify(status="ok")


def readyz() -> tuple[Response, int]:
    """200 when the database answers and its tables are those of this version, else 503 with the reason."""
    try:
        at = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        current_app.logger.warning("not ready: %s", type(error).__name__)
        return jsonify(status="unavailable", reason="The database does not answer, or has no tables yet."), 503
    head = migrations_head()
    if at != head:
        return jsonify(status="unavailable", reason=f"The tables are at {at}, this version needs {head}."), 503
    return jsonify(status="ok"), 200


def migrations_head() -> str | None:
    """The revision that this version of the code needs."""
    directory = current_app.extensions["migrate"].directory
    return ScriptDirectory(directory).get_current_head()
