"""Behind a pooler in transaction mode the role brings the settings that HMS otherwise sets on each connection."""

import click
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hms.config.engine import SESSION_SETTINGS
from hms.db import db


def ensure_limits(app: Flask) -> None:
    """Raise ``click.ClickException`` if the role has no time limits; do nothing while the database is away."""
    if app.config["DATABASE_POOLER"] != "1":
        return
    with app.app_context():
        try:
            role, *found = db.session.execute(text(f"SELECT current_user, {_settings_in_sql()}")).one()
        except OperationalError:
            return
        finally:
            db.session.remove()
    missing = [name for name, value in zip(SESSION_SETTINGS, found, strict=True) if value == "0"]
    if missing:
        todo = [f"  ALTER ROLE {role} SET {name} = '{SESSION_SETTINGS[name]}';" for name in missing]
        raise click.ClickException("\n".join(["The database lets HMS wait without end. Set, past the pooler:", *todo]))


def _settings_in_sql() -> str:
    return ", ".join(f"current_setting('{name}')" for name in SESSION_SETTINGS)
