"""Connections that do without BEGIN and ROLLBACK while they only read.

psycopg2 sends BEGIN before the first statement, and the pool sends ROLLBACK when it gets a connection back. A page that
reads with two statements would go to the server four times.
"""

from psycopg2.extensions import STATUS_READY

from hms.config import deadline


class Connection(deadline.Connection):
    """A connection that is told when it reads: then each statement is a transaction of its own."""

    is_reading = False

    def begin_to_read(self) -> None:
        """Only read, until the next commit, rollback or :meth:`begin_to_write`; in a transaction nothing changes."""
        if self.status == STATUS_READY and not self.autocommit:
            self.is_reading = self.autocommit = True

    def begin_to_write(self) -> None:
        """Have the next statement begin a transaction; nothing is open yet if the connection was reading."""
        if self.is_reading:
            self.is_reading = self.autocommit = False

    def commit(self) -> None:
        """End what is open."""
        if self.is_reading:
            self.begin_to_write()
        else:
            super().commit()

    def rollback(self) -> None:
        """Undo what is open."""
        if self.is_reading:
            self.begin_to_write()
        else:
            super().rollback()
