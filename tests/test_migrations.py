"""The tables come from the migrations: one line of them, up and down, and the models agree with it."""

import re
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Engine, text

from hms.db import db

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"

EVERYTHING = """
    SELECT 'column', table_name, column_name, data_type, is_nullable, column_default, character_maximum_length::text
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3
"""


@pytest.fixture
def empty_app(new_database, new_app):
    """An application on a database without tables."""
    app = new_app(new_database())
    with app.app_context():
        yield app


def schema(engine: Engine) -> list[tuple]:
    """Every column, index and constraint."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(EVERYTHING))]


def test_there_is_one_head_and_one_way_to_it():
    script = ScriptDirectory(str(VERSIONS.parent))
    assert len(script.get_heads()) == 1
    assert all(not revision.is_branch_point and not revision.is_merge_point for revision in script.walk_revisions())


def test_migrations_are_numbered_and_named_by_their_subject():
    names = sorted(path.name for path in VERSIONS.glob("*.py") if path.name != "__init__.py")
    assert all(re.fullmatch(r"\d{4}_[a-z][a-z_]+\.py", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    by_revision = {revision.revision for revision in ScriptDirectory(str(VERSIONS.parent)).walk_revisions()}
    assert by_revision == {name[:4] for name in names}


def test_the_models_are_what_the_migrations_made(empty_app):
    upgrade()
    check()  # exits with an error if autogenerate would write something


def test_every_step_can_be_taken_back_and_again(empty_app):
    upgrade()
    there = schema(db.engine)
    revisions = [revision.revision for revision in ScriptDirectory(str(VERSIONS.parent)).walk_revisions()]
    for revision in [*revisions[1:], "base"]:
        downgrade(revision=revision)
    left = {row[1] for row in schema(db.engine)}
    assert left <= {"alembic_version"}, left
    upgrade()
    assert schema(db.engine) == there


def test_upgrading_twice_changes_nothing(empty_app):
    upgrade()
    there = schema(db.engine)
    upgrade()
    assert schema(db.engine) == there


def test_the_specialties_are_there_from_the_start(empty_app):
    upgrade()
    with db.engine.connect() as connection:
        slugs = connection.execute(text("SELECT slug FROM specialties")).scalars().all()
    assert len(slugs) >= 15
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


def test_rules_that_contradict_each_other_are_made_to_fit_by_0010(empty_app):
    upgrade(revision="0009")
    rules = "minimum_notice_minutes, horizon_days, cancellation_hours, gap_minutes"
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM booking_policies"))
        columns = f"INSERT INTO booking_policies (id, {rules}) VALUES"
        connection.execute(text(f"{columns} (gen_random_uuid(), 43200, 1, 72, 0)"))
    upgrade()
    with db.engine.connect() as connection:
        stored = connection.execute(text(f"SELECT {rules} FROM booking_policies")).all()
    assert stored == [(1440, 1, 24, 0)]


def test_what_is_known_of_earlier_appointments_is_filled_in_by_0022(empty_app):
    upgrade(revision="0021")
    with db.engine.begin() as connection:
        connection.execute(text(AN_OLD_CANCELLATION))
    upgrade()
    with db.engine.connect() as connection:
        columns = "cancelled_by, fee_minor, fee_currency, updated_at = timestamptz '2026-11-02 10:00+00'"
        assert connection.execute(text(f"SELECT {columns} FROM appointments")).all() == [("patient", 8500, "GBP", True)]
        rules = "change_window_minutes = cancellation_hours * 60, most_changes"
        assert connection.execute(text(f"SELECT {rules} FROM booking_policies")).all() == [(True, 3)]


AN_OLD_CANCELLATION = """
    INSERT INTO users (id, email, full_name, role, password_hash, created_at) VALUES
        ('00000000-0000-0000-0000-00000000000a', 'a@example.test', 'Asha', 'patient', 'x', now()),
        ('00000000-0000-0000-0000-00000000000b', 'b@example.test', 'Bose', 'doctor', 'x', now());
    INSERT INTO patients (id, user_id) SELECT id, id FROM users WHERE role = 'patient';
    INSERT INTO doctors (id, user_id, specialty_id, licence_number, fee_minor)
        SELECT users.id, users.id, (SELECT id FROM specialties LIMIT 1), '1', 8500 FROM users WHERE role = 'doctor';
    INSERT INTO appointments (id, reference, doctor_id, patient_id, starts_at, ends_at, status, idempotency_key,
                              created_at)
        SELECT gen_random_uuid(), 'ABCDEFGH', doctors.id, patients.id, '2026-12-01 09:00+00', '2026-12-01 09:20+00',
               'cancelled', 'k', '2026-11-01 10:00+00' FROM doctors, patients;
    INSERT INTO appointment_changes (id, appointment_id, actor_id, from_status, to_status, changed_at)
        SELECT gen_random_uuid(), appointments.id, patients.user_id, 'booked', 'cancelled', '2026-11-02 10:00+00'
        FROM appointments, patients;
"""
