"""A fingerprint of everything that is stored, to show that a request changed nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session, scoped_session

from hms.db import db

RECORDS = {"audit_events", "audit_unsealed"}  # they tell of what was refused and of what was looked at
NOT_BUSINESS = {"sessions": "id_hash, user_id, data, created_at, expires_at"}  # last_seen_at may move at a click


def fingerprint(session: scoped_session[Session]) -> dict[str, str]:
    """A hash over all rows of each table."""
    return dict(session.execute(text(_question())).all())


@cache
def _question() -> str:
    return " UNION ALL ".join(_of(table.name) for table in db.metadata.sorted_tables if table.name not in RECORDS)


def _of(table: str) -> str:
    rows = f"SELECT t::text AS line FROM (SELECT {NOT_BUSINESS.get(table, '*')} FROM {table}) t"
    return (
        f"SELECT '{table}', count(*) || ' ' || coalesce(md5(string_agg(line, '|' ORDER BY line)), '') FROM ({rows}) r"
    )


READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SHOW", "BEGIN", "COMMIT")
LOGGED = "INSERT INTO audit_events"


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements meanwhile that may have written something but a line of the audit log: where there is none,
    nothing has changed, and no table needs to be read.
    """
    seen: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(READS) and LOGGED not in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
