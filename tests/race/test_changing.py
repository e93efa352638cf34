"""Booking against everything else that can happen to a slot at the same moment."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from hms import clock
from hms.availability import services
from hms.availability.models import Slot
from hms.availability.refusals import SlotNotFree
from hms.db import db
from hms.errors import NotFound
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import MoveNotAllowed, SlotTaken
from tests import make
from tests.depth import depth

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("all_invariants_hold")]

ROUNDS = range(depth(short=3, full=50))


def wall(moment: datetime) -> dict:
    """The day and time of a moment as a form would send them, with an end 20 minutes later."""
    begin = clock.to_clinic(moment)
    return {"day": begin.date(), "start": begin.time(), "end": (begin + timedelta(minutes=20)).time()}


def book(slot_id, patient):
    """A piece of work: book the slot for the patient."""
    return lambda: scheduling.book(slot_id, patient=patient, idempotency_key=make.new_key())


@pytest.mark.parametrize("attempt", ROUNDS)
def test_cancelling_frees_the_slot_for_exactly_one_other(together, attempt):
    mine = make.appointment()
    slot_id, patient, others = mine.slot_id, mine.patient, [make.patient() for _ in range(6)]
    db.session.expunge_all()
    outcomes = together(
        [
            lambda: scheduling.cancel_as_patient(mine.id, patient=patient),
            *(book(slot_id, other) for other in others),
        ]
    )
    assert set(outcomes.kinds) <= {"Appointment", "SlotTaken"}, outcomes
    cancelled, *rest = outcomes
    assert cancelled.status == "cancelled"
    won = [outcome for outcome in rest if isinstance(outcome, Appointment)]
    assert len(won) <= 1
    if not won:  # all came before the cancellation: the slot is free now
        assert scheduling.book(slot_id, patient=others[0], idempotency_key=make.new_key()).status == "booked"


@pytest.mark.parametrize("attempt", ROUNDS)
def test_cancelling_twice_at_once_is_cancelled_once(together, attempt):
    mine = make.appointment()
    patient, doctor = mine.patient, mine.doctor
    _ = patient.user_id, doctor.user_id
    db.session.expunge_all()
    outcomes = together(
        [
            lambda: scheduling.cancel_as_patient(mine.id, patient=patient),
            lambda: scheduling.cancel_as_doctor(mine.id, doctor=doctor, reason="Called away"),
            lambda: scheduling.cancel_as_patient(mine.id, patient=patient),
        ]
    )
    assert outcomes.kinds == {"Appointment": 3}
    stored = db.session.get(Appointment, mine.id)
    assert (stored.status, stored.version, len(stored.changes)) == ("cancelled", 2, 2)


@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_slot_is_booked_or_removed_never_both(together, attempt):
    slot, patient = make.slot(), make.patient()
    doctor, slot_id = slot.doctor, slot.id
    db.session.expunge_all()
    booked, removed = together([book(slot_id, patient), lambda: services.delete_slot(slot_id, doctor=doctor)])
    if isinstance(booked, Appointment):
        assert isinstance(removed, SlotNotFree)
        assert db.session.get(Slot, slot_id).status == "busy"
    else:
        assert (type(booked), removed) == (NotFound, None)
        assert db.session.get(Slot, slot_id) is None


@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_slot_is_booked_as_it_was_or_moved_never_both(together, attempt):
    slot, patient = make.slot(), make.patient()
    doctor, slot_id, before = slot.doctor, slot.id, slot.starts_at
    db.session.expunge_all()
    moved_to = wall(before + timedelta(hours=4))
    booked, changed = together(
        [book(slot_id, patient), lambda: services.change_slot(slot_id, doctor=doctor, **moved_to)]
    )
    assert isinstance(booked, Appointment)  # before the move or after it
    stored = db.session.get(Slot, slot_id)
    assert stored.starts_at == booked.starts_at
    if booked.starts_at == before:
        assert isinstance(changed, SlotNotFree)
    else:
        assert isinstance(changed, Slot)


@pytest.mark.parametrize("attempt", ROUNDS)
def test_overlapping_times_opened_at_once_are_one(together, attempt):
    doctor, day = make.doctor(), clock.today() + timedelta(days=9)
    db.session.expunge_all()
    starts = [time(10, minute) for minute in (0, 5, 10, 15)]
    outcomes = together([lambda s=s: services.open_slot(doctor, day=day, start=s, end=time(11)) for s in starts])
    assert outcomes.kinds == {"Slot": 1, "SlotOverlap": 3}


def test_one_series_opened_by_many_is_opened_once(together):
    doctor, day = make.doctor(), clock.today() + timedelta(days=9)
    db.session.expunge_all()

    def series():
        return services.open_series(
            doctor,
            first_day=day,
            last_day=day + timedelta(days=6),
            weekdays=frozenset(range(7)),
            start=time(9),
            end=time(12),
            visit_minutes=20,
        )

    outcomes = together([series] * 6)
    assert outcomes.kinds == {"SeriesResult": 6}
    assert sorted(outcome.opened for outcome in outcomes) == [0] * 5 + [63]
    assert sorted(outcome.overlapping for outcome in outcomes) == [0] + [63] * 5
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 63


@pytest.mark.parametrize("attempt", ROUNDS)
def test_two_slots_moved_onto_each_other_do_not_overlap(together, attempt):
    doctor = make.doctor()
    slots = [make.slot(doctor) for _ in range(2)]
    target = wall(slots[1].ends_at + timedelta(hours=2))
    ids = [slot.id for slot in slots]
    db.session.expunge_all()
    outcomes = together([lambda i=i: services.change_slot(i, doctor=doctor, **target) for i in ids])
    assert outcomes.kinds == {"Slot": 1, "SlotOverlap": 1}


@pytest.mark.parametrize("attempt", ROUNDS)
def test_a_visit_is_marked_or_cancelled_in_some_order(together, attempt, steady_clock):
    mine = make.appointment(starts_at=clock.now() + timedelta(hours=2))
    doctor = mine.doctor
    db.session.expunge_all()
    outcomes = together(
        [
            lambda: scheduling.mark_fulfilled(mine.id, doctor=doctor),
            lambda: scheduling.cancel_as_doctor(mine.id, doctor=doctor, reason="Called away"),
            lambda: scheduling.mark_arrived(mine.id, doctor=doctor),
        ]
    )
    assert set(outcomes.kinds) <= {"Appointment", MoveNotAllowed.__name__}, outcomes
    assert db.session.get(Appointment, mine.id).status in {"cancelled", "fulfilled", "arrived"}


def test_slots_freed_and_taken_all_day_long_stay_whole(together):
    """Book, cancel, book again, by many on few slots: nobody meets an error or waits in a ring."""
    doctor = make.doctor()
    slots = [make.slot(doctor).id for _ in range(3)]
    people = [make.patient() for _ in range(8)]
    db.session.expunge_all()

    def one(patient):
        made = 0
        for turn in range(12):
            try:
                appointment = book(slots[turn % 3], patient)()
                made += 1
                scheduling.cancel_as_patient(appointment.id, patient=patient)
            except SlotTaken:
                continue
            finally:
                db.session.remove()
        return made

    outcomes = together([lambda p=p: one(p) for p in people])
    assert outcomes.kinds == {"int": 8}, outcomes
    assert sum(outcomes) >= 3
    assert db.session.scalar(select(func.count()).where(Slot.status == "busy")) == 0


@pytest.mark.parametrize("attempt", range(3))
def test_a_closure_is_removed_once_however_many_remove_it(together, attempt):
    day = clock.today() + timedelta(days=9)
    closure_id = services.add_closure(first_day=day, last_day=day, name="Fire").closure.id
    db.session.expunge_all()
    outcomes = together([lambda: services.remove_closure(closure_id)] * 4)
    assert outcomes.kinds == {"Closure": 1, "NotFound": 3}, outcomes


@pytest.mark.parametrize("attempt", range(3))
def test_a_day_is_copied_as_it_stands_while_one_of_its_times_is_removed(together, attempt):
    doctor = make.doctor()
    day = clock.today() + timedelta(days=3)
    first, second = (make.slot(doctor, day=day, start=time(hour)) for hour in (9, 10))
    first_id = first.id
    assert second.doctor_id == doctor.id
    db.session.expunge_all()
    copied, _ = together(
        [
            lambda: services.copy_day(doctor, day=day, to_days=[day + timedelta(days=1)]),
            lambda: services.delete_slot(first_id, doctor=doctor),
        ]
    )
    assert copied.opened in (1, 2)
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 1 + copied.opened
