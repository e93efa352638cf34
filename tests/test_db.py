"""The one way to write: a transaction commits once, undoes everything, and speaks in refusals."""

import threading
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hms import clock
from hms.auth.models import Role, User
from hms.db import Busy, db, last_writes, new_id, on_commit, transaction
from hms.errors import Conflict
from hms.outbox import OutboxMessage, enqueue
from tests import make


class Taken(Conflict):
    """For these tests."""


TAKEN = {"uq_users_email": Taken(field="email")}


def a_user(email: str) -> User:
    """An account that is not stored."""
    return User(email=email, full_name="Somebody", role=Role.ADMIN, password_hash="-", created_at=clock.now())


def count(model: type = User) -> int:
    """How many rows there are."""
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("time", ["first", "second"])
def test_tests_do_not_see_each_other(session, time):
    assert count() == 0
    make.patient()
    assert count() == 1


def test_a_block_stores_what_was_written_in_it(session):
    with transaction() as inside:
        inside.add(a_user("a@example.test"))
    session.expire_all()
    assert count() == 1


def test_several_rows_are_changed_at_once(session):
    with transaction():
        users = [a_user(f"user{number}@example.test") for number in range(3)]
        session.add_all(users)
    with transaction():
        for user in users:
            user.full_name = "Changed"
    assert session.query(User).filter_by(full_name="Changed").count() == 3


def test_an_error_undoes_everything(session):
    with pytest.raises(ZeroDivisionError), transaction() as inside:
        inside.add(a_user("a@example.test"))
        inside.flush()
        1 / 0  # noqa: B018
    assert count() == 0


def test_even_an_interruption_undoes_everything(session):
    with pytest.raises(KeyboardInterrupt), transaction() as inside:
        inside.add(a_user("a@example.test"))
        raise KeyboardInterrupt
    with transaction():
        pass
    assert count() == 0


def test_an_inner_block_joins_the_outer_one(session):
    with pytest.raises(ZeroDivisionError), transaction() as outer:
        with transaction() as inner:
            assert inner is outer
            inner.add(a_user("a@example.test"))
        1 / 0  # noqa: B018
    assert count() == 0


def test_a_broken_constraint_becomes_its_refusal(session):
    with transaction() as inside:
        inside.add(a_user("a@example.test"))
    with pytest.raises(Taken) as refused, transaction(conflicts=TAKEN) as inside:
        inside.add(a_user("A@example.test"))
    assert refused.value.field == "email"
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert count() == 1


def test_a_joined_block_speaks_of_its_own_constraint(session):
    with transaction() as inside:
        inside.add(a_user("a@example.test"))
    with pytest.raises(Taken), transaction() as outer:
        outer.add(a_user("b@example.test"))
        with transaction(conflicts=TAKEN) as inner:
            inner.add(a_user("a@example.test"))
    assert count() == 1


def test_a_constraint_that_nobody_named_is_a_bug(session):
    with transaction() as inside:
        inside.add(a_user("a@example.test"))
    with pytest.raises(IntegrityError), transaction(conflicts={"uq_else": Taken()}) as inside:
        inside.add(a_user("a@example.test"))


def test_writing_outside_of_a_block_is_a_bug(session):
    session.add(a_user("a@example.test"))
    with pytest.raises(RuntimeError, match="Write inside"):
        session.flush()
    session.rollback()


def test_a_statement_that_writes_outside_of_a_block_is_a_bug(session):
    with pytest.raises(RuntimeError, match="Write inside"):
        session.execute(insert(User).values(id=new_id()))


def test_what_waits_for_the_commit_runs_after_it_and_only_then(session):
    ran = []
    with transaction():
        on_commit(lambda: ran.append(count()))
        db.session.add(a_user("a@example.test"))
        assert not ran
    assert ran == [1]
    with pytest.raises(ZeroDivisionError), transaction():
        on_commit(lambda: ran.append("never"))
        1 / 0  # noqa: B018
    with transaction():
        pass
    assert ran == [1]


def test_last_writes_are_part_of_the_transaction(session):
    with pytest.raises(ZeroDivisionError), transaction():
        db.session.add(a_user("a@example.test"))
        last_writes().append(lambda: 1 / 0)
    assert count() == 0


def test_nothing_waits_for_a_commit_outside_of_a_block(session):
    with pytest.raises(RuntimeError):
        on_commit(print)


def test_a_message_is_stored_once_however_often_it_is_promised(session):
    for _ in range(2):
        with transaction():
            enqueue("email", {"to": "x"}, dedup_key="same")
            enqueue("email", {"to": "x"}, dedup_key="same")
            enqueue("email", {"to": "y"}, dedup_key="other")
    assert count(OutboxMessage) == 2


def test_a_message_is_forgotten_with_its_transaction(session):
    with pytest.raises(ZeroDivisionError), transaction():
        enqueue("email", {"to": "x"}, dedup_key="same")
        1 / 0  # noqa: B018
    assert count(OutboxMessage) == 0


def test_ids_follow_the_order_in_which_they_were_made():
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert {number.version for number in ids} == {7}
    assert type(ids[0]) is UUID


@pytest.mark.race
def test_a_lock_that_does_not_come_free_is_busy_not_an_error(committing):
    user = make.patient().user
    with db.engine.connect() as other, other.begin():
        other.execute(text("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": user.id})
        with pytest.raises(Busy) as refused, transaction() as inside:
            inside.get(User, user.id, with_for_update=True, populate_existing=True)
    assert refused.value.status == 503
    assert refused.value.retry_after_seconds
    with transaction() as inside:  # the session goes on
        inside.get(User, user.id, with_for_update=True, populate_existing=True)


@pytest.mark.race
def test_a_deadlock_is_busy_not_an_error(committing):
    first, second = make.patient().user.id, make.patient().user.id
    met, outcomes = threading.Barrier(2), []

    def lock(one: UUID, other: UUID) -> None:
        with committing.app_context():
            try:
                with transaction() as inside:
                    inside.execute(text("SET LOCAL lock_timeout = '10s'"))
                    inside.execute(text("SET LOCAL deadlock_timeout = '50ms'")) if _may_set() else None
                    inside.get(User, one, with_for_update=True)
                    met.wait()
                    inside.get(User, other, with_for_update=True)
                outcomes.append("done")
            except Busy:
                outcomes.append("busy")

    threads = [threading.Thread(target=lock, args=ids) for ids in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy", "done"]


def _may_set() -> bool:
    """``deadlock_timeout`` is for superusers; the tests of the embedded server are one."""
    return db.session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("lock_timeout", "1500ms"),
        ("statement_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("TimeZone", "UTC"),
    ],
)
def test_every_connection_is_bounded(app, setting, expected):
    with app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(text(f"SHOW {setting}")) == expected


@pytest.mark.parametrize(
    "values",
    [
        "'infinity', '2026-11-26 10:00+00'",
        "'-infinity', '2026-11-26 10:00+00'",
        "'2026-11-26 10:00+00', 'infinity'",
        "'2026-11-26 10:00+00', '2026-11-26 10:00+00'",
        "'2026-11-26 10:00+00', '2026-11-26 09:00+00'",
        "'2026-11-26 10:00+00', '2026-11-28 10:00+00'",
        "'1999-12-31 10:00+00', '1999-12-31 11:00+00'",
        "'2101-01-01 10:00+00', '2101-01-01 11:00+00'",
        "'0001-12-31 10:00+00 BC', '0001-12-31 11:00+00 BC'",
    ],
)
def test_the_database_refuses_a_slot_that_cannot_be(session, bose, values):
    statement = text(f"INSERT INTO slots (id, doctor_id, starts_at, ends_at) VALUES (:id, :doctor, {values})")
    with pytest.raises(DBAPIError):
        session.execute(statement, {"id": new_id(), "doctor": bose.id})
