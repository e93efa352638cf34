"""A streaming replica that may fall behind or away: its engine then reads the primary for a while.

The pool of the replica's engine holds connections to the replica, or to the primary while the replica is down, too far
behind, or was so a moment ago. Who reads through it does not notice.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from hms.config.engine import CircuitBreaker

AWAY_SECONDS = 10.0
"""How long the primary stands in, before the replica is tried again."""

MAX_LAG_SECONDS = 10.0
LOOK_SECONDS = 5.0
"""How far behind a replica may be, and how often each connection looks."""

LAG = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN 0
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 1e9)
END
"""


def fall_back(engine: Engine, connect_to_primary: Callable[[], Any]) -> None:
    """Let the replica's ``engine`` hand out connections to the primary while the replica cannot be read."""
    breaker = CircuitBreaker(open_seconds=AWAY_SECONDS)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, named: dict[str, Any]) -> Any:
        """Connect to the replica if it is fresh, else to the primary."""
        with suppress(psycopg2.OperationalError):
            connection = breaker.call(lambda: dialect.connect(*arguments, **named))
            if _is_fresh(connection, record.info):
                return connection
            connection.close()
        if not breaker.is_open:
            breaker.trip()
        record.info["stands_in"] = True
        return connect_to_primary()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, proxy: Any) -> None:
        """Raise ``DisconnectionError`` for a connection to the wrong server; the pool then makes another at once."""
        if record.info.get("stands_in"):
            if not breaker.is_open:
                raise DisconnectionError("the replica is worth another try")
        elif not _is_fresh(connection, record.info):
            breaker.trip()
            raise DisconnectionError("the replica is too far behind")


def _is_fresh(connection: Any, info: dict[str, Any]) -> bool:
    """Whether the replica follows closely enough, asked every few seconds."""
    now = time.monotonic()
    if now < info.get("fresh_until", 0.0):
        return True
    info["fresh_until"] = now + LOOK_SECONDS
    try:
        with connection.cursor() as cursor:
            cursor.execute(LAG)
            (lag,) = cursor.fetchone()
        connection.rollback()
    except psycopg2.Error:
        return False
    return bool(lag <= MAX_LAG_SECONDS)
