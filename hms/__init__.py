"""HMS: patients find a doctor and book a time; doctors offer times and see their patients.

The house is drawn in docs/architecture.md. This file is the only one that knows all of its capabilities.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """The application, configured from ``HMS_*`` variables and ``overrides``, which win.

    Raises :class:`hms.config.BadSettings` with one sentence for each setting that is missing or unsafe.
    """
    from hms import (
        activity,
        areas,
        audit,
        auth,
        availability,
        calendar,
        config,
        development,
        directory,
        information,
        mailer,
        outbox,
        reception,
        scheduling,
        server,
        throttle,
        web,
        worker,
    )
    from hms import db as database
    from hms.db import db

    app = Flask(__name__)
    config.load(app, overrides, start_database=development.start_database)
    database.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS))
    worker.init_app(app)
    areas.init_app(app)
    web.init_app(app)
    audit.init_app(app)
    throttle.init_app(app)
    outbox.init_app(app)
    mailer.init_app(app)
    auth.init_app(app)
    availability.init_app(app)
    scheduling.init_app(app)
    calendar.init_app(app)
    directory.init_app(app)
    reception.init_app(app)
    activity.init_app(app)
    information.init_app(app)
    development.init_app(app)
    server.init_app(app)
    return app
