"""Whoever alters the audit log behind its back is found out, whatever they alter."""

import random
from datetime import timedelta

from sqlalchemy import select, text

from hms import audit, clock
from hms.audit import sealing
from hms.audit.models import AuditBatch, AuditEvent
from hms.audit.verifying import verify
from hms.db import db, transaction
from tests import make
from tests.depth import depth

BATCHES, IN_EACH = 5, 4
CASES = depth(short=27, full=1200)


def write(number: int = IN_EACH) -> None:
    """Some events, each in a transaction of its own."""
    for count in range(number):
        with transaction():
            audit.record("exported", subject=("user", None), count=count, format="csv")


def fill() -> None:
    """A chain of several batches."""
    for _ in range(BATCHES):
        write()
        sealing.seal()


def run(*statements: str, **values: object) -> None:
    """Do what only the owner of the tables can: switch the triggers off, and write past the application."""
    connection = db.session.connection()
    for table in ("audit_events", "audit_batches"):
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    for statement in statements:
        connection.execute(text(statement), values)


def faults(**how: str) -> list[str]:
    """What `flask audit verify` says."""
    return verify(**how).faults


# ---- the ways to tamper; each gets a source of randomness


def edit(chance: random.Random) -> None:
    """Another value in one column of one event."""
    column, value = chance.choice(
        [
            ("at", "at + interval '1 second'"),
            ("actor_kind", "'system2'"),
            ("actor_id", "gen_random_uuid()"),
            ("action", "'viewed'"),
            ("patient_id", "gen_random_uuid()"),
            ("details", "'{\"count\": 99}'"),
            ("request_id", "'x'"),
            ("os_user", "'root'"),
        ]
    )
    run(f"UPDATE audit_events SET {column} = {value} WHERE id = :id", id=chance.choice(sealed_ids()))


def delete(chance: random.Random) -> None:
    """One event less; the batch may have forgotten it, too."""
    event_id = chance.choice(sealed_ids())
    forget = "UPDATE audit_batches SET event_ids = array_remove(event_ids, :id)"
    run("DELETE FROM audit_events WHERE id = :id", *([forget] if chance.random() < 0.5 else []), id=event_id)


def insert(chance: random.Random) -> None:
    """One event more, past the log; a batch may name it, too."""
    made = "INSERT INTO audit_events (at, actor_kind, action) VALUES (now(), 'person', 'sign-in')"
    name = "UPDATE audit_batches SET event_ids = event_ids || (SELECT max(id) FROM audit_events) WHERE number = :number"
    run(made, *([name] if chance.random() < 0.5 else []), number=chance.randint(1, BATCHES))


def swap_events(chance: random.Random) -> None:
    """Two events change places."""
    one, other = chance.sample(sealed_ids(), 2)
    run(
        'UPDATE audit_events e SET details = o.details || \'{"how": "swapped"}\', at = o.at FROM audit_events o '
        "WHERE (e.id, o.id) IN ((:one, :other), (:other, :one))",
        one=one,
        other=other,
    )


def swap_batches(chance: random.Random) -> None:
    """Two batches change numbers."""
    one, other = chance.sample(range(1, BATCHES + 1), 2)
    run(
        "UPDATE audit_batches SET number = -:one WHERE number = :one",
        "UPDATE audit_batches SET number = :one WHERE number = :other",
        "UPDATE audit_batches SET number = :other WHERE number = -:one",
        one=one,
        other=other,
    )


def cut_tail(chance: random.Random) -> None:
    """The last batches are gone with their events; the mark at the end may point to the new end, or be gone."""
    last = chance.randint(0, BATCHES - 1)
    mark = chance.choice(
        [
            "SELECT 1",
            "DELETE FROM audit_marks",
            "UPDATE audit_marks SET number = :last, batch_seal = b.seal FROM audit_batches b WHERE b.number = :last",
        ]
    )
    if last == 0:  # who takes everything, marks included, leaves an empty log: only a head noted elsewhere tells
        mark = "SELECT 1"
    run(
        "DELETE FROM audit_events WHERE id IN (SELECT unnest(event_ids) FROM audit_batches WHERE number > :last)",
        "DELETE FROM audit_batches WHERE number > :last",
        mark,
        last=last,
    )


def cut_beginning(chance: random.Random) -> None:
    """The first batches are gone with their events, as if they had been old; an anchor may be made up."""
    forged = (
        "INSERT INTO audit_marks (name, number, batch_seal, seal) "
        "SELECT 'anchor', number, seal, seal FROM audit_batches WHERE number = :last"
    )
    run(
        *([forged] if chance.random() < 0.5 else []),
        "SELECT audit_remove_through(:last)",
        last=chance.randint(1, BATCHES - 1),
    )


def edit_batch(chance: random.Random) -> None:
    """Another time of sealing, or another seal."""
    change = chance.choice(["sealed_at = sealed_at - interval '1 day'", "seal = sha256(seal)"])
    run(f"UPDATE audit_batches SET {change} WHERE number = :number", number=chance.randint(1, BATCHES))


def lose_a_waiting_one(chance: random.Random) -> None:
    """An event that waits for its seal is gone, or does not wait any more."""
    write(2)
    table, column = chance.choice([("audit_events", "id"), ("audit_unsealed", "event_id")])
    run(f"DELETE FROM {table} WHERE {column} = (SELECT max(event_id) FROM audit_unsealed)")


WAYS = (
    edit,
    delete,
    insert,
    swap_events,
    swap_batches,
    cut_tail,
    cut_beginning,
    edit_batch,
    lose_a_waiting_one,
)


def sealed_ids() -> list[int]:
    """The events that stand in a batch."""
    return list(db.session.scalars(text("SELECT unnest(event_ids) AS id FROM audit_batches ORDER BY id")))


def test_whatever_is_altered_is_found(session):
    fill()
    assert faults() == []
    connection, missed = db.session.connection(), []
    for case in range(CASES):
        way, chance = WAYS[case % len(WAYS)], random.Random(case)
        db.session.remove()
        step = connection.begin_nested()
        way(chance)
        if not faults():
            missed.append(f"{way.__name__}, case {case}")
        db.session.remove()
        step.rollback()
    assert missed == []
    assert faults() == []


def test_an_older_copy_of_the_database_is_known_by_a_head_that_was_noted(session):
    fill()
    earlier = verify().head
    write()
    sealing.seal()
    assert faults(head=earlier) == []
    run("DELETE FROM audit_events", "DELETE FROM audit_batches", "DELETE FROM audit_marks")
    assert faults() == []
    assert "older copy" in faults(head=earlier)[0]


def test_another_key_opens_nothing(app, session, monkeypatch):
    fill()
    monkeypatch.setitem(app.config, "AUDIT_KEY", "k" * 32)
    assert len(faults()) > BATCHES


def test_events_that_nobody_seals_are_told_of(session, steady_clock):
    write()
    assert faults() == []
    steady_clock.set(clock.now() + timedelta(minutes=16))
    assert "Does a worker run?" in faults()[0]


def test_old_batches_go_and_the_rest_can_still_be_verified(session, steady_clock):
    fill()
    steady_clock.set(clock.now() + timedelta(days=4 * 365))
    write()
    sealing.seal()
    steady_clock.set(clock.now() + timedelta(days=3 * 365))
    assert sealing.remove_old() == BATCHES * IN_EACH
    assert sealing.remove_old() == 0
    assert faults() == []
    sealing.seal()
    assert faults() == []
    assert session.scalars(select(AuditBatch.number).order_by(AuditBatch.number)).all() == [6, 7]
    assert session.scalars(select(AuditEvent.details).where(AuditEvent.action == "audit-removed")).one() == {
        "number": 5,
        "count": 20,
    }


def test_a_batch_is_not_larger_than_it_should_be(session, monkeypatch):
    monkeypatch.setattr(sealing, "MOST", 3)
    write(7)
    assert sealing.seal() == 7
    sizes = [len(ids) for ids in session.scalars(select(AuditBatch.event_ids).order_by(AuditBatch.number))]
    assert sizes == [3, 3, 1]


def test_the_command_says_what_is_wrong_and_exits_with_an_error(app, session):
    make.patient()
    runner = app.test_cli_runner()
    good = runner.invoke(args=["audit", "verify"])
    assert (good.exit_code, "The chain ends at 1:" in good.output) == (0, True), good.output
    run("UPDATE audit_events SET action = 'viewed'")
    bad = runner.invoke(args=["audit", "verify"])
    assert (bad.exit_code, "not as they were sealed" in bad.output) == (1, True), bad.output


def test_the_log_is_handed_out_as_csv_that_no_program_takes_for_formulas(app, session, monkeypatch):
    monkeypatch.setattr("hms.audit.actors.os_user", lambda: "=cmd()")
    output = app.test_cli_runner().invoke(args=["audit", "export"]).output
    header, exported, command = output.strip().splitlines()
    assert header.lstrip("\ufeff").startswith("id,at,actor_kind")
    assert ",'=cmd()," in exported
    assert "audit-exported" in exported
    assert ",command," in command


def test_days_without_events_are_exported_as_a_header(app, session):
    output = app.test_cli_runner().invoke(args=["audit", "export", "--since", "2099-12-31"]).output
    assert len(output.strip().splitlines()) == 1
