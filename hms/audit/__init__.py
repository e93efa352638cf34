"""AUDIT: what happened to whose data, and who did it; append-only, and sealed against changes afterwards.

Owns the tables ``audit_events``, ``audit_unsealed``, ``audit_batches`` and ``audit_marks``.

Promises
- :func:`record` writes in the transaction of what it tells of: both are stored or neither is.
- :func:`viewed` notes that a request shows a patient's data; all of a request are written by one statement at its end,
  and a page that could not be noted is not shown.
- What the log can say is listed in ``actions.py``: no names, no words of patients, no secrets.
- The database refuses to change, remove or empty it. A worker seals events in batches, each of which covers the one
  before, under ``HMS_AUDIT_KEY``, which the database does not know; ``flask audit verify`` finds what was altered.
- After ``HMS_AUDIT_YEARS`` whole batches go, and the rest can still be verified.

It knows nobody: ``auth`` tells it who makes a request (:func:`know_people_with`).
"""

from flask import Flask

from hms.audit.actors import Person, know_people_with
from hms.audit.reading import viewed
from hms.audit.recording import record

__all__ = ["Person", "init_app", "know_people_with", "record", "viewed"]


def init_app(app: Flask) -> None:
    """Note at the end of each request what it showed, and each command; seal, remove, and offer ``flask audit``."""
    from hms import cli, worker
    from hms.audit import models, reading, recording, sealing  # noqa: F401  # the tables are known by their models
    from hms.audit.cli import audit

    reading.init_app(app)
    cli.note_with(app, recording.note_command)
    app.cli.add_command(audit)
    worker.every(sealing.SEAL_SECONDS, "seal the audit log", sealing.seal)
    worker.every(sealing.REMOVE_SECONDS, "remove old audit events", sealing.remove_old)
