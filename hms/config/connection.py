"""Connections that go to the server less often: reading needs no BEGIN and ROLLBACK, and BEGIN does not travel alone.

psycopg2 sends BEGIN before the first statement, by itself, and the pool sends ROLLBACK when it gets a connection back.
A page that reads with two statements would go to the server four times.
"""

from enum import Enum
from typing import Any

from psycopg2.extensions import STATUS_READY, TRANSACTION_STATUS_IDLE

from hms.config import deadline


class Stage(Enum):
    """What a connection is doing."""

    AS_USUAL = "psycopg2 begins a transaction with the next statement, or has begun one"
    READING = "each statement is a transaction of its own"
    BEGINNING = "the next statement brings BEGIN along"
    BEGUN = "a transaction is open that a statement brought along"


class Connection(deadline.Connection):
    """A connection that is told whether it reads or writes; one that is told nothing is as psycopg2 makes it."""

    stage = Stage.AS_USUAL

    def begin_to_read(self) -> None:
        """Only read, until the next commit, rollback or :meth:`begin_to_write`; in a transaction nothing changes."""
        if self.status == STATUS_READY and not self.autocommit:
            self.stage, self.autocommit = Stage.READING, True

    def begin_to_write(self) -> None:
        """Have the next statement begin a transaction; nothing is open yet if the connection was reading."""
        if self.stage is Stage.READING:
            self.stage = Stage.BEGINNING

    def commit(self) -> None:
        """End what is open."""
        if self.stage is Stage.AS_USUAL:
            super().commit()
        else:
            self._end("COMMIT")

    def rollback(self) -> None:
        """Undo what is open."""
        if self.stage is Stage.AS_USUAL:
            super().rollback()
        else:
            self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        if self.stage is Stage.BEGUN:
            with self.cursor() as cursor:
                cursor.execute(how)
        self.stage, self.autocommit = Stage.AS_USUAL, False

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A cursor whose first statement may bring BEGIN along."""
        kwargs.setdefault("cursor_factory", Cursor)
        return super().cursor(*args, **kwargs)


class Cursor(deadline.Cursor):
    """A cursor that begins a transaction where the connection is to write."""

    connection: Connection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # psycopg2's name
        """Execute; should the server not even understand the statement, no transaction has begun."""
        connection = self.connection
        if connection.stage is not Stage.BEGINNING:
            return super().execute(query, vars)
        try:
            super().execute(f"BEGIN; {query}", vars)
        finally:
            if connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
                connection.stage = Stage.BEGUN
        return None
