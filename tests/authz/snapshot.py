"""A fingerprint of everything that is stored, to show that a request changed nothing."""

from sqlalchemy import text
from sqlalchemy.orm import Session, scoped_session

from hms.db import db

NOT_BUSINESS = {"sessions": "id_hash, user_id, data, created_at, expires_at"}  # last_seen_at may move at a click


def fingerprint(session: scoped_session[Session]) -> dict[str, tuple[int, str]]:
    """The number of rows of each table, and a hash over all of them."""
    return {table.name: _of(session, table.name) for table in db.metadata.sorted_tables}


def _of(session: scoped_session[Session], table: str) -> tuple[int, str]:
    columns = NOT_BUSINESS.get(table, "*")
    rows = f"SELECT t::text AS line FROM (SELECT {columns} FROM {table}) t"
    found = session.execute(text(f"SELECT count(*), coalesce(md5(string_agg(line, '|' ORDER BY line)), '') FROM ({rows}) r"))
    return tuple(found.one())
