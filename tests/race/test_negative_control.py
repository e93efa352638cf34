"""The harness can see a race: with the lock and the constraints taken away, the same crowd books one slot many times.

Each protection is then shown to be enough by itself. A barrier between reading and writing makes all of this certain,
not likely. It happens in a database of its own, whose constraints are really dropped.
"""

import threading

import pytest
from sqlalchemy import func, select, text

from hms.db import db
from hms.prepared import Prepared
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.services import booking, claiming
from tests import make
from tests.race import invariants
from tests.race.crowd import Outcomes, at_once
from tests.waiting import GENEROUS_SECONDS

pytestmark = pytest.mark.race

CROWD = 10
CONSTRAINTS = (
    "ALTER TABLE appointments DROP CONSTRAINT ex_appointments_doctor_overlap",
    "ALTER TABLE appointments DROP CONSTRAINT ex_appointments_patient_overlap",
    "DROP INDEX uq_appointments_slot",
)

TWICE = """
    INSERT INTO outbox_messages (id, kind, dedup_key, payload, due_at, created_at)
    SELECT gen_random_uuid(), kind, dedup_key || 'x', payload, due_at, created_at FROM outbox_messages
"""


@pytest.fixture
def scratch(migrated_database, new_app, steady_clock, cheap_passwords):
    """An application on a database of its own, which a test may break."""
    app = new_app(migrated_database())
    with app.app_context():
        yield app
        db.session.remove()


def drop_the_constraints() -> None:
    """Take away what the database says a second time."""
    with db.engine.begin() as connection:
        for statement in CONSTRAINTS:
            connection.execute(text(statement))


def drop_the_lock(monkeypatch) -> None:
    """Read the slot as before, but lock nothing."""
    unlocked = claiming._lock_if_free()
    unlocked._for_update_arg = None
    monkeypatch.setattr(booking, "LOCK_IF_FREE", Prepared(unlocked))


def let_all_read_before_any_writes(monkeypatch, count: int) -> None:
    """Stop everybody between the checks and the writing, until all have come that far."""
    check, everybody = booking._why_not_at_all, threading.Barrier(count)

    def check_and_wait(*about):
        refusal = check(*about)
        everybody.wait(GENEROUS_SECONDS)
        return refusal

    monkeypatch.setattr(booking, "_why_not_at_all", check_and_wait)


def a_crowd_books_one_slot(app) -> Outcomes:
    """What came of many patients who wanted one slot."""
    slot_id = make.slot().id
    people = [make.patient() for _ in range(CROWD)]
    db.session.remove()

    def book(patient):
        return lambda: services.book(slot_id, patient=patient, idempotency_key=make.new_key())

    return at_once(app, [book(patient) for patient in people])


def broken() -> set[str]:
    """The invariants that do not hold."""
    with db.engine.connect() as connection:
        return set(invariants.broken(connection))


def booked() -> int:
    """How many appointments there are."""
    return db.session.scalar(select(func.count()).select_from(Appointment))


def test_without_lock_and_constraints_everybody_gets_the_slot(scratch, monkeypatch):
    drop_the_constraints()
    drop_the_lock(monkeypatch)
    let_all_read_before_any_writes(monkeypatch, CROWD)
    outcomes = a_crowd_books_one_slot(scratch)
    assert outcomes.kinds == {"Appointment": CROWD}
    assert booked() == CROWD
    assert broken() == {"two visits of a doctor overlap", "a slot holds two visits"}


def test_the_constraints_alone_are_enough(scratch, monkeypatch):
    drop_the_lock(monkeypatch)
    let_all_read_before_any_writes(monkeypatch, CROWD)
    outcomes = a_crowd_books_one_slot(scratch)
    assert outcomes.kinds == {"Appointment": 1, "SlotTaken": CROWD - 1}
    assert (booked(), broken()) == (1, set())


def test_the_lock_alone_is_enough(scratch):
    drop_the_constraints()
    outcomes = a_crowd_books_one_slot(scratch)
    assert outcomes.kinds == {"Appointment": 1, "SlotTaken": CROWD - 1}
    assert (booked(), broken()) == (1, set())


def test_without_the_patients_constraint_one_patient_is_in_two_places(scratch):
    """The locks order one patient's bookings, so that each counts those before; only the constraint compares times."""
    drop_the_constraints()
    slots, patient = [make.slot(make.doctor()).id for _ in range(2)], make.patient()
    db.session.remove()
    outcomes = at_once(
        scratch,
        [lambda s=s: services.book(s, patient=patient, idempotency_key=make.new_key()) for s in slots],
    )
    assert outcomes.kinds == {"Appointment": 2}
    assert broken() == {"two visits of a patient overlap"}


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE slots SET status = 'free'", "a visit holds no busy slot of its doctor and time"),
        ("UPDATE slots SET ends_at = ends_at + interval '1 h'", "a visit holds no busy slot of its doctor and time"),
        ("UPDATE appointments SET status = 'cancelled'", "a slot is busy for nobody"),
        ("DELETE FROM appointment_changes", "a history has no beginning, or two"),
        ("UPDATE appointment_changes SET to_status = 'noshow'", "a history starts with something else than a booking"),
        ("UPDATE appointments SET status = 'arrived'", "a history ends elsewhere than the appointment stands"),
        ("UPDATE appointment_changes SET from_status = 'noshow'", "a history has a hole"),
        ("UPDATE appointment_changes SET from_status = 'cancelled'", "a history makes a move that is not allowed"),
        ("DELETE FROM outbox_messages", "a mail was not promised exactly once"),
        (TWICE, "a message was promised twice"),
    ],
)
def test_the_checker_of_invariants_notices_damage(session, damage, name):
    make.appointment()
    assert invariants.broken(session.connection()) == {}
    session.execute(text(damage))
    assert name in invariants.broken(session.connection())
