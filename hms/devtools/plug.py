"""What these tools hand down to the rest of HMS, outside of production."""

import os
from pathlib import Path

import click
from flask import Flask

from hms.auth.models import User
from hms.config import BadSettings
from hms.db import db
from hms.devtools import demo, email_function, google_stand_in, mailbox, postgres
from hms.server.assistance import assist_with
from hms.server.programs import Companions


def init_app(app: Flask) -> None:
    """Show the mailbox, and help ``flask serve``."""
    mailbox.init_app(app)
    assist_with(app, Helper())


def start_database(data_dir: Path) -> str:
    """The address of the embedded PostgreSQL, started if need be. Raises :class:`hms.config.BadSettings`."""
    try:
        return postgres.start(data_dir).url
    except postgres.CannotStart as error:
        raise BadSettings(str(error)) from error


class Helper:
    """Helps ``flask serve`` (:class:`hms.server.assistance.Assistance`)."""

    def revive_database(self) -> None:
        """Start the embedded PostgreSQL again if this process holds it and it died; say what happened."""
        try:
            if postgres.revive():
                click.echo("The embedded PostgreSQL stopped; it runs again.", err=True)
        except postgres.CannotStart as error:
            click.echo(str(error), err=True)

    def stop_database(self) -> None:
        """Let go of the embedded PostgreSQL; it stops unless another process uses it."""
        postgres.stop()

    def companions(self, app: Flask, *, address: str) -> Companions:
        """What ``flask serve`` starts beside the portal in development, after the demo clinic has been loaded."""
        if app.config["MODE"] != "development":
            return Companions()
        accounts = _demo_accounts(app)
        mail_programs, mail_environment = email_function.prepare(app)
        google_programs, google_environment, google_words = google_stand_in.prepare(app)
        mail_words = [f"Every email can be read at {address}/dev/mailbox"] if mail_programs else []
        return Companions(
            programs=[*mail_programs, *google_programs],
            environment=mail_environment | google_environment,
            greeting=[*mail_words, *google_words, *accounts],
        )


def _demo_accounts(app: Flask) -> list[str]:
    """What to say of the demo clinic's accounts, once it has been loaded into an empty database."""
    with app.app_context():
        if os.environ.get("DEMO", "1") != "0" and _is_empty():
            click.echo("Loading the demo clinic ...")
            demo.load()
            demo.show_faces()
        return _accounts() if demo.is_loaded() else []


def _is_empty() -> bool:
    """Whether nobody has an account yet, so that no real people are among the made-up ones."""
    return not db.session.scalar(db.select(db.exists().select_from(User)))


def _accounts() -> list[str]:
    lines = [f"  {email:<16} {role}" for email, role in demo.GUESTS]
    return [f"Demo accounts, all with the password {demo.PASSWORD}:", *lines, "Ctrl-C stops HMS."]
