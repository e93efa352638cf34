"""How SQLAlchemy's engines are made: bounded pools, and connections whose waits have time limits."""

import select
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError

from hms.config.connection import Connection

# Set on every connection by the server itself, so that they cost no round trip. In milliseconds where no unit is named.
SESSION_SETTINGS = {
    "lock_timeout": "1500",
    "statement_timeout": "5000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",  # of prepared statements, see hms.prepared
}
# A server that falls silent is noticed: seconds, but for tcp_user_timeout, which libpq takes in milliseconds.
CONNECT_ARGS = {
    "connection_factory": Connection,
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "hms",
}
POOL_WAIT_SECONDS = 2
SLOW_SECONDS = 1.0
"""From when on a connection that failed counts as slow: a server that refuses answers at once."""

OPEN_SECONDS = 2.0
"""How long a server is left alone after it took so long to fail; otherwise every thread would wait for it."""


def engine_options(address: str, *, pool_size: int, pooler: bool = False) -> dict[str, Any]:
    """The options of SQLAlchemy's engine: at most ``pool_size`` connections, all of whose waits have time limits.

    A ``pooler`` such as PgBouncer in transaction mode takes no session settings: there the role brings them.
    """
    options = {} if pooler else {"options": _session_options(make_url(address))}
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_WAIT_SECONDS,
        "pool_use_lifo": True,  # few requests at a time keep few backends busy, which have what they need at hand
        "hide_parameters": True,  # an error ends in the log, and a statement's values may be anybody's name or secret
        "connect_args": CONNECT_ARGS | options,
    }


def _session_options(url: URL) -> str:
    """Our session settings for libpq; the operator's own, if the address brings any, come last and win."""
    ours = " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())
    theirs = url.query.get("options", "")
    return f"{ours} {theirs if isinstance(theirs, str) else ' '.join(theirs)}".strip()


class CircuitBreaker:
    """Stops connecting to a server for a moment after an attempt that was slow and failed: the circuit is then open."""

    def __init__(self, *, open_seconds: float = OPEN_SECONDS) -> None:
        self._open_until = 0.0
        self._open_seconds = open_seconds

    @property
    def is_open(self) -> bool:
        """Whether the server is left alone for the moment."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Leave the server alone for ``open_seconds``."""
        self._open_until = time.monotonic() + self._open_seconds

    def call(self, connect: Callable[[], Any]) -> Any:
        """The new connection. Raises ``psycopg2.OperationalError``, at once while the circuit is open."""
        if self.is_open:
            raise psycopg2.OperationalError("The database did not answer a moment ago.")
        began = time.monotonic()
        try:
            return connect()
        except psycopg2.OperationalError:
            if time.monotonic() - began > SLOW_SECONDS:
                self.trip()
            raise


def guard_connections(engine: Engine) -> CircuitBreaker:
    """Put a circuit breaker before the engine's new connections, and replace those that the server has ended."""
    breaker = CircuitBreaker()
    event.listen(engine, "checkout", _replace_if_ended)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, named: dict[str, Any]) -> Any:
        return breaker.call(lambda: dialect.connect(*arguments, **named))

    return breaker


def _replace_if_ended(connection: Any, record: Any, proxy: Any) -> None:
    """Have the pool replace a connection that the server has ended; a look at the socket, without a round trip.

    Nobody has asked anything yet, so whatever there is to read says goodbye. A server that fell silent says nothing:
    that is what deadlines are for.
    """
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    if connection.closed or looking.poll(0):
        raise DisconnectionError("the server has ended this connection")
