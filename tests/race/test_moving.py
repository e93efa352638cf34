"""Appointments that change their times at the same moment: towards each other, onto one slot, while being cancelled."""

import random
from datetime import timedelta

import pytest

from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.services import NewTime
from tests import make
from tests.depth import depth

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("all_invariants_hold")]

ROUNDS = depth(short=25, full=2500)  # four moves each, so 10,000 in all at full depth
EXPECTED = {"Appointment", "SlotTaken", "StalePage"}  # and never `Busy`, as which a deadlock is refused


def to(slot_id, version):
    return NewTime(slot_id, version, make.new_key())


def test_moves_in_opposite_directions_never_deadlock(together):
    doctors = [make.doctor() for _ in range(2)]
    visits = [make.appointment(doctor=doctors[n % 2]) for n in range(4)]
    spare = [make.slot(doctor).id for doctor in doctors]
    asked = [(visit.id, visit.patient, make.staff().id) for visit in visits]
    chance, seen = random.Random(15), {}
    for _ in range(ROUNDS):
        db.session.rollback()
        db.session.expunge_all()
        now = {each: db.session.get(Appointment, each) for each, *_ in asked}
        slots = [*(visit.slot_id for visit in now.values()), *spare]
        free = [slot_id for slot_id in {*slots, *seen} if slot_id not in {visit.slot_id for visit in now.values()}]
        seen |= dict.fromkeys(slots)
        goals = [chance.choice([*free, *(v.slot_id for v in now.values() if v.id != each)]) for each, *_ in asked]
        versions = [now[each].version for each, *_ in asked]
        db.session.expunge_all()
        outcomes = together(
            [
                lambda e=each, g=goal, v=version, s=staff: services.move_as_staff(e, to(g, v), actor_id=s)
                for (each, _, staff), goal, version in zip(asked, goals, versions, strict=True)
            ]
        )
        assert set(outcomes.kinds) <= EXPECTED | {"MoveNotAllowed"}, outcomes


def test_one_free_slot_takes_one_of_many_and_the_others_keep_theirs(together):
    doctor = make.doctor()
    visits = [make.appointment(doctor=doctor) for _ in range(5)]
    slot = make.slot(doctor, starts_at=visits[-1].ends_at + timedelta(hours=1)).id
    before = {visit.id: visit.slot_id for visit in visits}
    patients = [visit.patient for visit in visits]
    _ = [patient.user_id for patient in patients]
    db.session.expunge_all()
    outcomes = together(
        [
            lambda e=each, p=patient: services.move_as_patient(e, to(slot, 1), patient=p)
            for each, patient in zip(before, patients, strict=True)
        ]
    )
    assert outcomes.kinds == {"Appointment": 1, "SlotTaken": 4}, outcomes
    after = {each: db.session.get(Appointment, each).slot_id for each in before}
    assert sum(after[each] != before[each] for each in before) == 1


def test_a_visit_is_moved_and_cancelled_one_after_the_other(together):
    mine = make.appointment()
    slot, other, patient = make.slot(mine.doctor).id, make.patient(), mine.patient
    old = mine.slot_id
    _ = patient.user_id
    db.session.expunge_all()
    moved, cancelled, booked = together(
        [
            lambda: services.move_as_patient(mine.id, to(slot, 1), patient=patient),
            lambda: services.cancel_as_patient(mine.id, patient=patient),
            lambda: services.book(old, patient=other, idempotency_key=make.new_key()),
        ]
    )
    assert type(moved).__name__ in {"Appointment", "StalePage", "MoveNotAllowed"}
    assert cancelled.status == "cancelled"
    assert type(booked).__name__ in {"Appointment", "SlotTaken"}
