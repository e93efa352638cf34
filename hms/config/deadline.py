"""Connections that give up on a database server which has fallen silent.

``statement_timeout`` runs in the server, and cannot help when nothing there answers any more. libpq then waits without
end: it polls a socket that does not block, so that SO_RCVTIMEO is not obeyed either. Therefore every wait is noted, and
a thread of this process shuts the socket of one that lasts too long. libpq says at once that the connection is lost,
the waiting thread goes on with an ``OperationalError``, and the pool makes a new connection.

Noting a wait costs about a microsecond; psycopg2's own wait callback costs several, and would also keep ``COPY`` and
libpq's ``connect_timeout`` from working.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any
from weakref import WeakSet

from psycopg2 import InterfaceError, extensions

GRACE_SECONDS = 1.0
"""How long after the server's own ``statement_timeout`` an answer is given up."""

UNBOUNDED_SECONDS = 6.0
"""How long an answer is waited for where the server has no ``statement_timeout``."""

LOOK_SECONDS = 0.25
STATEMENT_TIMEOUT = "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)"


def _noted(wait: Callable[..., None]) -> Callable[["Connection"], None]:
    """A method of the connection that waits for the server, which gives up as statements do."""

    @wraps(wait)
    def method(connection: "Connection") -> None:
        connection.waits_since = time.monotonic()
        try:
            wait(connection)
        finally:
            connection.answered()

    return method


class Connection(extensions.connection):
    """A connection on which every wait for the server has a time limit.

    ``read_timeout_seconds`` is a second more than the server's ``statement_timeout``; None waits for ever.
    """

    read_timeout_seconds: float | None = UNBOUNDED_SECONDS
    waits_since: float | None = None

    commit = _noted(extensions.connection.commit)
    rollback = _noted(extensions.connection.rollback)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # bounded by connect_timeout
        _watch(self)
        self.autocommit = True
        with self.cursor() as cursor:
            cursor.execute(STATEMENT_TIMEOUT)
            allowed = float(cursor.fetchone()[0])
        self.autocommit = False
        self.read_timeout_seconds = allowed + GRACE_SECONDS if allowed else UNBOUNDED_SECONDS

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A cursor whose waits are noted."""
        kwargs.setdefault("cursor_factory", Cursor)
        return super().cursor(*args, **kwargs)

    def answered(self) -> None:
        """Note that the wait is over; the lock keeps the watchdog from shutting a socket that has a new use by then."""
        with _lock:
            self.waits_since = None


class Cursor(extensions.cursor):
    """A cursor that notes when it begins to wait."""

    connection: Connection
    _rows_of_many: int | None = None

    @property
    def rowcount(self) -> int:
        """How many rows the last ``execute`` was about, or all of the last ``executemany`` (PEP 249)."""
        return super().rowcount if self._rows_of_many is None else self._rows_of_many

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # psycopg2's name
        """Execute, and raise ``OperationalError`` when the server does not answer in time."""
        connection = self.connection
        connection.waits_since = time.monotonic()
        self._rows_of_many = None
        try:
            super().execute(query, vars)
        finally:
            connection.answered()

    def executemany(self, query: Any, vars_list: Any) -> None:
        """One statement after the other, each with its own time."""
        rows = 0
        for values in vars_list:
            self.execute(query, values)
            rows += super().rowcount
        self._rows_of_many = rows

    def callproc(self, procname: Any, parameters: Any = None) -> Any:
        """Call a procedure, and give up as statements do."""
        connection = self.connection
        connection.waits_since = time.monotonic()
        try:
            return super().callproc(procname, parameters)
        finally:
            connection.answered()


_lock = threading.Lock()
_watched: WeakSet[Connection] = WeakSet()
_watchdog: threading.Thread | None = None


def _watch(connection: Connection) -> None:
    """Have this process's watchdog close the connection when it waits too long."""
    global _watchdog
    with _lock:
        _watched.add(connection)
        if _watchdog is None:
            _watchdog = threading.Thread(target=_run_watchdog, name="database deadlines", daemon=True)
            _watchdog.start()


def _forget_in_a_child() -> None:
    """A forked process has no watchdog thread yet, and must leave its parent's connections alone."""
    global _lock, _watched, _watchdog
    _lock, _watched, _watchdog = threading.Lock(), WeakSet(), None


os.register_at_fork(after_in_child=_forget_in_a_child)


def _run_watchdog() -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        with _lock:
            _hang_up_on(_overdue(time.monotonic()))


def _overdue(now: float) -> Sequence[Connection]:
    return [
        connection
        for connection in _watched
        if connection.waits_since is not None
        and connection.read_timeout_seconds is not None
        and now - connection.waits_since > connection.read_timeout_seconds
    ]


def _hang_up_on(connections: Sequence[Connection]) -> None:
    """Shut the sockets; the threads that wait for them then get an error."""
    for connection in connections:
        with suppress(OSError, InterfaceError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)
