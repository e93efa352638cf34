"""Migrations run while people book: from 0008 on none locks a busy table for long, and each can be run again.

What a migration sends is read, not its source: each revision is run on a database of its own, and every statement that
takes a long lock on a table that was there before is found.
"""

import re
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import stamp, upgrade
from sqlalchemy import Engine, event, text

from hms.db import db
from tests.test_migrations import VERSIONS, schema

FIRST_SAFE = 8
SPACE = re.compile(r"\s+")
MADE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.I)
VOLATILE = "gen_random_uuid|uuid_generate_v4|random|clock_timestamp|timeofday|nextval"
ON_TABLE = [
    (r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).* ON (?:ONLY )?(\w+)", "an index that is not made CONCURRENTLY"),
    (r"ALTER TABLE (\w+) ADD CONSTRAINT (?!.*(?:NOT VALID|USING INDEX))", "a constraint that is checked at once"),
    (r"ALTER TABLE (\w+) ADD (?:CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)", "a constraint without a name, checked at once"),
    (r"ALTER TABLE (\w+) ADD COLUMN (?!.*DEFAULT).* NOT NULL", "a column that rows of old code cannot fill"),
    (rf"ALTER TABLE (\w+) ADD COLUMN .*DEFAULT .*({VOLATILE})", "a default that rewrites every row"),
    (r"ALTER TABLE (\w+) ADD COLUMN .*(?:SERIAL|GENERATED)", "a column that rewrites every row"),
    (r"ALTER TABLE (\w+) ADD COLUMN .*(?:REFERENCES|UNIQUE|CHECK|PRIMARY KEY)", "a column with a constraint"),
    (r"ALTER TABLE (\w+) ALTER (?:COLUMN )?\w+ SET NOT NULL", "NOT NULL, which reads every row under a lock"),
    (r"ALTER TABLE (\w+) ALTER (?:COLUMN )?\w+ (?:SET DATA )?TYPE", "another type, which rewrites every row"),
    (r"ALTER TABLE (\w+) (?:RENAME|DROP COLUMN)", "what old code still uses"),
    (r"(?:UPDATE|DELETE FROM) (\w+)\b(?!.*\bWHERE\b.*\bid = )", "all rows at once"),
    (r"(?:LOCK|TRUNCATE|CLUSTER|VACUUM|REINDEX)(?: TABLE| FULL| INDEX)? (\w+)", "a lock that nobody gets past"),
]
ALWAYS = [(r"DROP INDEX (?!CONCURRENTLY)", "an index that is not dropped CONCURRENTLY"), (r"DROP TABLE", "a table")]
SMALL = {"specialties", "booking_policies", "periodic_jobs", "alembic_version", "outbox_state"}
"""Tables of a few rows: what is done to all of them takes no time."""


def unsafe(statements: list[str]) -> Iterator[str]:
    """The faults of a revision, as sentences."""
    made: set[str] = set()
    for statement in (SPACE.sub(" ", each).strip() for each in statements):
        made |= {table.lower() for table in MADE.findall(statement)}
        for pattern, fault in ON_TABLE:
            found = re.match(pattern, statement, re.I)
            if found and found[1].lower() not in made | SMALL:
                yield f"{fault}: {statement}"
        yield from (f"{fault}: {statement}" for pattern, fault in ALWAYS if re.match(pattern, statement, re.I))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix ON slots (starts_at)",
        "CREATE UNIQUE INDEX ix ON users USING btree (email)",
        "DROP INDEX ix_slots_free",
        "ALTER TABLE patients ADD CONSTRAINT c CHECK (phone <> '')",
        "ALTER TABLE patients ADD CONSTRAINT c FOREIGN KEY(a) REFERENCES users (id)",
        "ALTER TABLE patients ADD CHECK (phone <> '')",
        "ALTER TABLE slots ADD COLUMN a INTEGER NOT NULL",
        "ALTER TABLE slots ADD COLUMN a UUID DEFAULT gen_random_uuid() NOT NULL",
        "ALTER TABLE slots ADD COLUMN a BIGSERIAL",
        "ALTER TABLE slots ADD COLUMN a UUID REFERENCES users (id)",
        "ALTER TABLE slots ALTER COLUMN lapsed SET NOT NULL",
        "ALTER TABLE slots ALTER COLUMN status TYPE TEXT",
        "ALTER TABLE slots DROP COLUMN status",
        "ALTER TABLE slots RENAME TO times",
        "UPDATE slots SET lapsed = true",
        "UPDATE\n  appointments SET status = 'booked' WHERE status = 'pending'",
        "DELETE FROM sessions",
        "LOCK TABLE slots",
        "TRUNCATE sessions",
    ],
)
def test_an_unsafe_statement_is_found(statement):
    assert list(unsafe([statement]))


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE INDEX CONCURRENTLY ix ON slots (starts_at)", "DROP INDEX CONCURRENTLY IF EXISTS ix"],
        ["CREATE TABLE news (id UUID NOT NULL)", "CREATE INDEX ix ON news (id)", "UPDATE news SET id = NULL"],
        ["ALTER TABLE patients ADD CONSTRAINT c CHECK (a) NOT VALID", "ALTER TABLE patients VALIDATE CONSTRAINT c"],
        ["ALTER TABLE slots ADD COLUMN a INTEGER", "ALTER TABLE slots ADD COLUMN a BOOLEAN DEFAULT 'false' NOT NULL"],
        ["UPDATE doctors SET search_text = %s WHERE doctors.id = %s"],
        ["ALTER TABLE slots ALTER COLUMN lapsed DROP NOT NULL"],
    ],
)
def test_a_safe_statement_is_not(statements):
    assert not list(unsafe(statements))


@pytest.fixture
def empty_app(new_database, new_app):
    """An application on a database without tables."""
    app = new_app(new_database())
    with app.app_context():
        yield app


def revisions() -> list[str]:
    """All revisions, the first one first."""
    script = ScriptDirectory(str(VERSIONS.parent))
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def sent_by(revision: str) -> list[str]:
    """What the migration to this revision sends."""
    sent: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        upgrade(revision=revision)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return sent


def test_no_migration_holds_a_busy_table_up(empty_app):
    upgrade(revision=revisions()[FIRST_SAFE - 2])
    faults = {revision: list(unsafe(sent_by(revision))) for revision in revisions()[FIRST_SAFE - 1 :]}
    assert not {revision: found for revision, found in faults.items() if found}


def test_a_migration_that_broke_off_can_be_run_again(empty_app):
    """One that commits in between (indexes are made outside of a transaction) may have done its work already."""
    upgrade(revision=revisions()[FIRST_SAFE - 2])
    for before, revision in zip(revisions()[FIRST_SAFE - 2 :], revisions()[FIRST_SAFE - 1 :], strict=False):
        sent = sent_by(revision)
        if any("CONCURRENTLY" in statement for statement in sent):
            there = schema(db.engine)
            stamp(revision=before)
            upgrade(revision=revision)
            assert schema(db.engine) == there


def test_every_index_that_was_made_concurrently_is_valid(empty_app):
    upgrade()
    with db.engine.connect() as connection:
        broken = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
        assert connection.execute(text(broken)).scalars().all() == []
        unchecked = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        assert connection.execute(text(unchecked)).scalars().all() == []


def test_the_models_make_the_same_columns_constraints_and_indexes_as_the_migrations(empty_app, new_database, new_app):
    """``flask db check`` compares neither CHECKs nor exclusion constraints."""
    upgrade()
    migrated = {row for row in schema(db.engine) if row[1] != "alembic_version"}
    other = new_app(new_database())
    with other.app_context():
        with db.engine.begin() as connection:
            for extension in ("pg_trgm", "btree_gist"):
                connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        db.metadata.create_all(db.engine)
        modelled = set(schema(db.engine))
    assert migrated - modelled == set()
    assert modelled - migrated == set()
