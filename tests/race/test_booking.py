"""Any number of patients, exactly one appointment."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from hms.auth.models import Patient
from hms.availability.models import Slot, SlotStatus
from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import AlreadyBooked, KeyReused, SlotTaken
from tests import make
from tests.depth import depth

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("all_invariants_hold")]

CROWD = 20
ROUNDS = range(depth(short=3, full=50))


def patients(count: int) -> list[Patient]:
    """That many patients, as plain objects that any thread may read."""
    people = [make.patient() for _ in range(count)]
    db.session.expunge_all()
    return people


def booking(slot: Slot, patient: Patient, key: str = ""):
    """A piece of work: book the slot for the patient."""
    slot_id, key = slot.id, key or make.new_key()
    return lambda: services.book(slot_id, patient=patient, idempotency_key=key)


def live_appointments() -> int:
    """How many appointments hold their time."""
    return db.session.scalar(select(func.count()).where(Appointment.status != "cancelled"))


@pytest.mark.parametrize("attempt", ROUNDS)
def test_twenty_patients_want_one_slot_and_one_gets_it(together, attempt):
    slot = make.slot()
    outcomes = together([booking(slot, patient) for patient in patients(CROWD)])
    assert outcomes.kinds == {"Appointment": 1, "SlotTaken": CROWD - 1}
    assert live_appointments() == 1


def test_twenty_patients_want_one_slot_that_each_has_read_before(together):
    """A session that holds the slot as free must not believe itself."""
    slot = make.slot()
    slot_id = slot.id

    def read_then_book(patient):
        def work():
            kept = db.session.get(Slot, slot_id)
            assert kept.status == SlotStatus.FREE
            everybody_has_read.wait()
            return services.book(slot_id, patient=patient, idempotency_key=make.new_key())

        return work

    everybody_has_read = threading.Barrier(CROWD)
    outcomes = together([read_then_book(patient) for patient in patients(CROWD)])
    assert outcomes.kinds == {"Appointment": 1, "SlotTaken": CROWD - 1}


def test_many_patients_want_many_slots_of_several_doctors(together):
    doctors = [make.doctor() for _ in range(3)]
    slots = [make.slot(doctor) for doctor in doctors for _ in range(4)]  # the doctors' times overlap one another
    people, seed = patients(15), random.Random(7)
    wishes = [(slot, patient) for slot in slots for patient in people]
    seed.shuffle(wishes)
    queues = [wishes[n::CROWD] for n in range(CROWD)]
    answers = []

    def one(queue):
        for slot, patient in queue:
            try:
                answers.append(booking(slot, patient)())
            except (SlotTaken, AlreadyBooked) as refusal:
                answers.append(refusal)
            db.session.remove()

    outcomes = together([lambda queue=queue: one(queue) for queue in queues])
    assert outcomes.kinds == {"NoneType": CROWD}, outcomes
    assert len(answers) == len(wishes)
    assert live_appointments() == len(slots)


@pytest.mark.parametrize("attempt", ROUNDS)
def test_one_patient_cannot_be_in_two_places(together, attempt):
    slots = [make.slot(make.doctor()) for _ in range(6)]  # all at the same time
    (patient,) = patients(1)
    outcomes = together([booking(slot, patient) for slot in slots])
    assert outcomes.kinds == {"Appointment": 1, "AlreadyBooked": 5}
    assert live_appointments() == 1
    assert db.session.scalar(select(func.count()).where(Slot.status == SlotStatus.FREE)) == 5


def test_one_page_sent_from_ten_threads_is_one_appointment(together):
    slot = make.slot()
    (patient,) = patients(1)
    outcomes = together([booking(slot, patient, "one-key")] * 10)
    assert outcomes.kinds == {"Appointment": 10}
    assert len({appointment.id for appointment in outcomes}) == 1


def test_two_tabs_of_one_patient_are_one_appointment(together):
    slot = make.slot()
    (patient,) = patients(1)
    outcomes = together([booking(slot, patient) for _ in range(10)])
    assert outcomes.kinds == {"Appointment": 10}
    assert len({appointment.id for appointment in outcomes}) == 1


def test_one_page_cannot_book_two_times(together):
    slots = [make.slot(make.doctor(), starts_at=None) for _ in range(2)]
    later = make.slot(make.doctor(), starts_at=slots[0].ends_at + timedelta(hours=3))
    (patient,) = patients(1)
    outcomes = together([booking(slot, patient, "one-key") for slot in (slots[0], later)])
    assert outcomes.kinds == {"Appointment": 1, KeyReused.__name__: 1}


def test_a_booking_that_is_undone_leaves_the_slot_to_the_next(together):
    """Who waits for a lock learns the truth: the first one fails, and the second one gets the slot."""
    slot = make.slot()
    first, second = patients(2)
    locked, failed = threading.Event(), []

    def fail_at_the_end(_appointment):
        if not failed:
            failed.append(True)
            locked.set()
            raise ZeroDivisionError

    from hms.scheduling.signals import appointment_booked

    def after_the_first():
        locked.wait()
        return booking(slot, second)()

    with appointment_booked.connected_to(fail_at_the_end):
        outcomes = together([booking(slot, first), after_the_first])
    assert outcomes.kinds == {"ZeroDivisionError": 1, "Appointment": 1}
    assert outcomes.of(Appointment)[0].patient_id == second.id


def test_booking_asks_the_database_little(committing):
    slot, patient = make.slot(), make.patient()
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    services.book(slot.id, patient=patient, idempotency_key=make.new_key())
    assert len(statements) <= 4, statements
