"""Reads the database's clock over connections that are open anyway."""

import time
from collections.abc import Callable
from typing import Any

import psycopg2
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DisconnectionError

from hms import clock
from hms.config.connection import Connection

SHOWS = "extract(epoch FROM clock_timestamp())"
"""What the database's clock shows, in SQL: Unix time, not the beginning of the transaction."""

AGAIN_SECONDS = 30.0
"""How long a process counts on by itself before it reads the clock again."""


def keep_time_with(engine: Engine) -> None:
    """Read this engine's clock when a connection is taken from its pool and the last reading is some time ago."""
    event.listen(engine, "checkout", _read_now_and_then)


def read_if_older(connect: Callable[[], SqlConnection], seconds: float) -> None:
    """Read the clock unless that was done so many seconds ago or later; raises what the database raises."""
    if clock.was_read_within(seconds):
        return
    connection, asked_at = connect(), time.monotonic()
    clock.follow(float(connection.scalar(text(f"SELECT {SHOWS}"))), asked_at=asked_at)


def _read_now_and_then(connection: Connection, record: Any, proxy: Any) -> None:
    if not clock.was_read_within(AGAIN_SECONDS):
        try:
            _read(connection)
        except psycopg2.Error as error:  # the pool makes another connection, and says so if there is none
            raise DisconnectionError("the server does not tell the time over this connection") from error


def _read(connection: Connection) -> None:
    asked_at = time.monotonic()
    connection.begin_to_read()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {SHOWS}")
            clock.follow(float(cursor.fetchone()[0]), asked_at=asked_at)
    finally:
        connection.rollback()  # nothing is open: it goes back to how it was
