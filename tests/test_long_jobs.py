"""What works through the whole clinic reads it in parts: no statement of a job or a command answers without an end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.engine import Engine

from hms import clock, worker
from hms.auth.models import Patient, User
from hms.availability.models import Slot
from hms.calendar.models import CalendarConnection
from hms.calendar.services import busy_times, connections, mirroring
from hms.db import new_id, transaction
from hms.outbox import OutboxMessage
from hms.scheduling.models import Appointment

ROWS, MAX_READ = 450, 400
FIRST = datetime(2026, 12, 1, 8, tzinfo=UTC)


@contextmanager
def reads() -> Iterator[dict[str, int]]:
    """How many rows the largest answer to each statement has meanwhile."""
    seen: dict[str, int] = {}

    def note(_connection, cursor, statement: str, *_: object) -> None:
        if cursor.description is not None:
            seen[statement] = max(seen.get(statement, 0), cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "after_cursor_execute", note)


def too_long(seen: dict[str, int]) -> dict[str, int]:
    assert seen, "nothing was read, so that nothing is shown"
    return {statement: number for statement, number in seen.items() if number > MAX_READ}


@pytest.fixture
def crowd(session, app, monkeypatch, asha, bose) -> list[UUID]:
    """Many patients with a connected calendar that has been silent for days, and one of them with many visits."""
    monkeypatch.setitem(app.config, "GOOGLE_CLIENT_ID", "client")
    monkeypatch.setitem(app.config, "GOOGLE_CLIENT_SECRET", "secret")
    users = [
        {"id": new_id(), "email": f"p{n}@jobs.test", "full_name": f"Patient {n}", "role": "patient"}
        | {"password_hash": "!", "created_at": FIRST, "email_verified_at": FIRST}
        for n in range(ROWS)
    ]
    people = [{"id": new_id(), "user_id": user["id"], "phone": "1"} for user in users]
    now = clock.now()
    connected = [
        {"id": new_id(), "user_id": user_id, "google_sub": str(user_id), "google_email": "a@b.test", "scopes": ""}
        | {"refresh_token": b"sealed", "status": "connected", "connected_at": now}
        | {"busy_checked_at": now - timedelta(days=9)}
        for user_id in [asha.user_id, *(user["id"] for user in users)]
    ]
    moments = [FIRST + n * timedelta(hours=1) for n in range(ROWS)]
    slots = [
        {"id": new_id(), "doctor_id": bose.id, "starts_at": at, "ends_at": at + timedelta(minutes=20), "status": "busy"}
        for at in moments
    ]
    visits = [
        {"id": new_id(), "reference": f"J{n:07}", "slot_id": slot["id"], "doctor_id": bose.id, "patient_id": asha.id}
        | {"starts_at": slot["starts_at"], "ends_at": slot["ends_at"], "status": "booked"}
        | {"idempotency_key": f"long-job-{n}", "created_at": now}
        for n, slot in enumerate(slots)
    ]
    tables = ((User, users), (Patient, people), (CalendarConnection, connected), (Slot, slots), (Appointment, visits))
    with transaction() as writing:
        for table, rows in tables:
            writing.execute(insert(table), rows)
    return [user["id"] for user in users]


def test_no_job_of_the_worker_reads_everything_at_once(session, crowd):
    with reads() as seen:
        for job in worker._jobs.values():
            job.do()

    assert too_long(seen) == {}


def test_what_is_done_in_parts_is_done_for_all(session, crowd):
    assert busy_times.drop_stale() == ROWS + 1
    assert mirroring.repair() == ROWS
    assert session.scalar(select(func.count()).where(OutboxMessage.kind == mirroring.KIND)) == ROWS
    with transaction() as writing:
        writing.execute(User.__table__.update().where(User.id.in_(crowd)).values(deactivated_at=clock.now()))
    assert connections.end_without_a_right() == ROWS


def test_tokens_are_put_under_another_key_in_parts(session, crowd, monkeypatch):
    resealed: list[UUID] = []
    monkeypatch.setattr(connections, "_reseal", lambda each: resealed.append(each) or True)
    with reads() as seen:
        assert connections.reseal_all() == (ROWS + 1, 0)

    assert len(set(resealed)) == ROWS + 1
    assert too_long(seen) == {}


@pytest.mark.parametrize("words", [["users", "list"], ["outbox", "list"], ["users", "list-changes"]])
def test_a_command_that_lists_reads_a_page(app, crowd, words):
    with reads() as seen:
        assert app.test_cli_runner().invoke(args=words).exit_code == 0

    assert too_long(seen) == {}
