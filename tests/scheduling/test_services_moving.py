"""Changing the time of an appointment: who may, what becomes of both slots, and who is told."""

from datetime import timedelta

import pytest

from hms import clock
from hms.availability import services as availability
from hms.availability.models import Slot
from hms.db import db, transaction
from hms.errors import Invalid, NotFound
from hms.scheduling import services, signals
from hms.scheduling.refusals import (
    AlreadyBooked,
    ChangedOften,
    ModeChanged,
    MoveNotAllowed,
    NoLongerOffered,
    SameTime,
    SlotTaken,
    StalePage,
    TooLateToChange,
    TooManyBookings,
    TooSoon,
)
from hms.scheduling.services import NewTime
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def visit(bose, asha):
    return make.appointment(asha, doctor=bose, reason="A cough")


def new(visit, slot, **others):
    given = {"version": visit.version, "idempotency_key": make.new_key(), **others}
    return NewTime(slot.id, **given)


def move(visit, slot, patient, **others):
    return services.move_as_patient(visit.id, new(visit, slot, **others), patient=patient)


def status(slot_id):
    db.session.expire_all()
    return db.session.get(Slot, slot_id).status


def test_the_row_keeps_what_names_it_and_both_slots_change_together(session, visit, asha, bose):
    before, slot = (visit.id, visit.reference, visit.slot_id, visit.starts_at), make.slot(bose)
    told = []
    with signals.appointment_moved.connected_to(lambda sender, left: told.append((sender.id, left.starts_at))):
        moved = move(visit, slot, asha)
    assert (moved.id, moved.reference) == before[:2]
    assert (moved.slot_id, moved.starts_at, moved.ends_at) == (slot.id, slot.starts_at, slot.ends_at)
    assert (moved.version, moved.status) == (2, "booked")
    assert moved.created_at < moved.updated_at
    assert (status(before[2]), status(slot.id)) == ("free", "busy")
    assert told == [(visit.id, before[3])]
    line = moved.changes[-1]
    assert (line.moved_from_at, line.moved_to_at, line.actor_id) == (before[3], slot.starts_at, asha.user_id)
    make.appointment(slot=db.session.get(Slot, before[2]))  # somebody else can have the old time


def test_the_same_page_again_moves_once(session, visit, asha, bose):
    wanted = new(visit, make.slot(bose))
    services.move_as_patient(visit.id, wanted, patient=asha)
    again = services.move_as_patient(visit.id, wanted, patient=asha)
    assert (again.version, len(again.changes)) == (2, 2)


def test_a_page_that_shows_an_older_time_changes_nothing(session, visit, asha, bose):
    stale = new(visit, make.slot(bose))
    move(visit, make.slot(bose), asha)
    with pytest.raises(StalePage):
        services.move_as_patient(visit.id, stale, patient=asha)
    assert status(stale.slot_id) == "free"


def test_who_loses_the_race_keeps_the_old_time(session, visit, asha, bose):
    taken = make.appointment(doctor=bose).slot
    with pytest.raises(SlotTaken):
        move(visit, taken, asha)
    db.session.expire_all()
    assert (visit.version, status(visit.slot_id)) == (1, "busy")


def test_the_rules_of_booking_hold_for_the_new_time(session, visit, asha, chen, bose):
    blocked = make.slot(bose)
    availability.block_slot(blocked.id, doctor=bose)
    soon = make.slot(bose, starts_at=clock.now() + timedelta(minutes=30))
    other = make.appointment(asha, starts_at=visit.starts_at + timedelta(hours=5))
    same_time = make.slot(starts_at=other.starts_at, doctor=make.doctor())
    online = make.slot(bose, mode="online")
    cases = [
        (blocked, {}, NoLongerOffered),
        (soon, {}, TooSoon),
        (same_time, {}, AlreadyBooked),
        (visit.slot, {}, SameTime),
        (online, {"mode": "in-person"}, ModeChanged),
    ]
    for slot, others, refusal in cases:
        with pytest.raises(refusal):
            move(visit, slot, asha, **others)
    with pytest.raises(NotFound):
        move(visit, online, chen)
    assert move(visit, online, asha).mode == "online"


def test_the_window_and_the_number_of_changes_are_rules_and_a_doctors_own_go_first(session, visit, asha, bose, freeze):
    availability.set_clinic_rules(change_window_minutes=60, most_changes=1)
    availability.set_doctor_rules(bose.id, change_window_minutes=120, most_changes=2)
    slots = [make.slot(bose) for _ in range(4)]
    for slot in slots[:2]:
        move(visit, slot, asha)
    with pytest.raises(ChangedOften, match="twice already"):
        move(visit, slots[2], asha)
    availability.set_doctor_rules(bose.id, most_changes=3)
    freeze(visit.starts_at - timedelta(minutes=120))
    with pytest.raises(TooLateToChange, match="less than 2 hours away"):
        move(visit, slots[2], asha)
    freeze(visit.starts_at - timedelta(minutes=121))
    move(visit, slots[3], asha)


def test_rules_of_changing_are_checked_like_the_others(session, bose):
    for wrong in ({"change_window_minutes": 43_201}, {"most_changes": -1}, {"change_window_minutes": None}):
        with pytest.raises(Invalid):
            availability.set_clinic_rules(**wrong)
    with pytest.raises(Invalid, match="no one could ever change a time online"):
        availability.set_doctor_rules(bose.id, horizon_days=1, change_window_minutes=1441)


def test_a_visit_that_was_marked_or_cancelled_stays_where_it_is(session, asha, bose):
    for state in ("arrived", "cancelled"):
        visit = make.appointment(asha, doctor=bose, status=state)
        with pytest.raises(MoveNotAllowed):
            move(visit, make.slot(bose), asha)


def test_a_doctor_moves_own_patients_among_own_times_whatever_the_window(session, visit, bose, eze, freeze):
    availability.set_clinic_rules(most_changes=0)
    freeze(visit.starts_at - timedelta(minutes=30))
    later = make.slot(bose, starts_at=clock.now() + 300 * DAY)
    foreign = make.slot(eze)
    with pytest.raises(NotFound):
        services.move_as_doctor(visit.id, new(visit, foreign), doctor=bose)
    with pytest.raises(NotFound):
        services.move_as_doctor(visit.id, new(visit, foreign), doctor=eze)
    assert services.move_as_doctor(visit.id, new(visit, later), doctor=bose).starts_at == later.starts_at


def test_with_another_doctor_it_is_that_doctors_and_the_fee_too(session, visit, asha, bose, eze, rita):
    with transaction():
        eze.fee_minor, eze.fee_currency = 9900, "GBP"
    availability.set_doctor_rules(eze.id, most_future_bookings=1)
    slot = make.slot(eze)
    moved = services.move_as_staff(visit.id, new(visit, slot), actor_id=rita.id)
    assert (moved.doctor_id, moved.fee_minor, moved.fee_currency) == (eze.id, 9900, "GBP")
    assert moved.changes[-1].note == f"With {eze.user.full_name}, before with {bose.user.full_name}."
    other = make.appointment(asha, doctor=bose)
    with pytest.raises(TooManyBookings):
        move(other, make.slot(eze), asha)


def test_what_the_hours_no_longer_offer_is_not_offered_when_it_becomes_free(session, asha, bose):
    make.schedule(bose, make.hours())
    slot = db.session.scalars(
        db.select(Slot).where(Slot.starts_at > clock.now() + 3 * DAY).order_by(Slot.starts_at)
    ).first()
    visit, old = make.appointment(asha, slot=slot), slot.id
    starts_at, ends_at = clock.day_bounds(clock.to_clinic(slot.starts_at).date())
    availability.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)
    move(visit, make.slot(make.doctor()), asha)
    db.session.expire_all()
    assert db.session.get(Slot, old) is None


def test_both_are_told_with_the_new_time_and_reminders_follow(session, visit, asha, bose, postbox, freeze):
    postbox.deliver()
    old_start, slot = visit.starts_at, make.slot(bose, starts_at=visit.starts_at + 3 * DAY)
    move(visit, slot, asha)
    letters = {letter.type: letter for letter in postbox.deliver()}
    assert set(letters) == {"BOOKING_CHANGE", "BOOKING_CHANGE_DOCTOR"}
    for letter in letters.values():
        assert (letter.data["ics_method"], letter.event["SEQUENCE"], letter.event.start) == (
            "REQUEST",
            1,
            slot.starts_at,
        )
        assert "09:00 to 09:20" in letter.data["old_when"]
    freeze(old_start - timedelta(hours=1))
    assert postbox.deliver() == []
    freeze(slot.starts_at - timedelta(hours=23))
    assert [letter.type for letter in postbox.deliver()] == ["APPOINTMENT_REMINDER"]


def test_a_doctor_whom_a_visit_leaves_reads_that_it_will_not_take_place(session, visit, asha, bose, eze, postbox):
    postbox.deliver()
    old_start = visit.starts_at
    move(visit, make.slot(eze, starts_at=visit.starts_at + DAY), asha)
    letters = {letter.type: letter for letter in postbox.deliver()}
    assert {kind: letter.to for kind, letter in letters.items()} == {
        "BOOKING_CHANGE": asha.user.email,
        "BOOKING_CONFIRMATION_DOCTOR": eze.user.email,
        "BOOKING_CANCELLATION_DOCTOR": bose.user.email,
    }
    withdrawn = letters["BOOKING_CANCELLATION_DOCTOR"]
    assert (withdrawn.data["ics_method"], withdrawn.event["SEQUENCE"], withdrawn.event.start) == (
        "CANCEL",
        1,
        old_start,
    )


def test_who_cancelled_and_the_fee_at_booking_are_kept(session, asha, bose):
    with transaction():
        bose.fee_minor, bose.fee_currency = 8500, "GBP"
    mine, theirs = make.appointment(asha, doctor=bose), make.appointment(asha, doctor=bose)
    assert (mine.fee_minor, mine.fee_currency, mine.cancelled_by) == (8500, "GBP", None)
    assert services.cancel_as_patient(mine.id, patient=asha).cancelled_by == "patient"
    assert services.cancel_as_doctor(theirs.id, doctor=bose, reason="Called away").cancelled_by == "clinic"
