"""How Alembic reaches our database: through the application that Flask-Migrate is called for."""

from alembic import context
from click import ClickException
from flask import current_app
from sqlalchemy import text

LOCK_NAME = 0x484D53  # "HMS": one migration at a time, whoever else starts at the same moment

database = current_app.extensions["migrate"].db


def run() -> None:
    """Migrate in one transaction a revision. A table that is in use is waited for briefly, not for ever."""
    if current_app.config["DATABASE_POOLER"] == "1":
        raise ClickException("Migrate past the pooler: unset HMS_DATABASE_POOLER, and name the database's own address.")
    with database.engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.connection.driver_connection.read_timeout_seconds = None  # nor do we give up on it ourselves
        connection.execute(text("SELECT pg_advisory_lock(:name)"), {"name": LOCK_NAME})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            transaction_per_migration=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:name)"), {"name": LOCK_NAME})
        connection.commit()
        connection.invalidate()  # its settings are not those of the pool


run()
