"""Time off, blocks, and what doctors do elsewhere: free times go and come back, what is booked stays."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from hms import clock
from hms.availability import queries, services
from hms.availability.models import BusyTime, Slot, TimeOff
from hms.availability.refusals import AwayThen, BlockedElsewhere, SlotInPast, SlotNotFree
from hms.db import db
from hms.errors import Invalid, NotFound
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment
from tests import make
from tests.authz.snapshot import fingerprint
from tests.race import invariants

THURSDAY = date(2026, 11, 26)
FRIDAY = date(2026, 11, 27)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


@pytest.fixture
def hours(session, bose):
    """Dr Bose works from 9 to 10, Monday to Friday, and has opened Thursday's 11:00 by hand."""
    services.set_clinic_rules(horizon_days=10)
    make.schedule(bose)
    return make.slot(bose, day=THURSDAY, start=time(11))


def at(text: str, day=THURSDAY) -> datetime:
    """A moment by the clinic's wall."""
    return clock.from_clinic(day, time.fromisoformat(text))


def slots_on(doctor, day=THURSDAY) -> list[Slot]:
    """The doctor's slots of a day as stored now."""
    starts_at, ends_at = clock.day_bounds(day)
    own = select(Slot).where(Slot.doctor_id == doctor.id, Slot.starts_at >= starts_at, Slot.starts_at < ends_at)
    return list(db.session.scalars(own.order_by(Slot.starts_at).execution_options(populate_existing=True)))


def stand(doctor, day=THURSDAY) -> dict[str, str]:
    """How the doctor's times of a day stand: free, booked, or what blocks them."""
    names = {"free": "free", "busy": "booked"}
    return {f"{clock.to_clinic(s.starts_at):%H:%M}": names.get(s.status, s.blocked_by) for s in slots_on(doctor, day)}


def book(doctor, start: str) -> Appointment:
    """Somebody books that time of Thursday."""
    slot = next(slot for slot in slots_on(doctor) if slot.starts_at == at(start))
    return scheduling.book(slot.id, patient=make.patient(), idempotency_key=make.new_key())


ALL_FREE = {"09:00": "free", "09:20": "free", "09:40": "free", "11:00": "free"}


# -- time off ------------------------------------------------------------------------------------------------------


def test_time_off_takes_the_free_times_and_gives_them_back(session, bose, hours):
    away = services.add_time_off(bose, starts_at=at("09:30"), ends_at=at("12:00"), reason=" Dentist ")
    assert stand(bose) == {"09:00": "free", "11:00": "time-off"}
    assert away.reason == "Dentist"
    assert queries.list_time_off(bose) == [away]
    services.remove_time_off(away.id, doctor=bose)
    assert stand(bose) == ALL_FREE
    assert queries.list_time_off(bose) == []


def test_the_same_time_off_sent_twice_is_one(session, bose, eze, hours):
    dentist = {"starts_at": at("09:30"), "ends_at": at("12:00"), "reason": "Dentist"}
    away = services.add_time_off(bose, **dentist)
    assert services.add_time_off(bose, **dentist) == away
    assert services.add_time_off(eze, **dentist) != away
    assert len({away, services.add_time_off(bose, **dentist | {"reason": "Course"})}) == 2
    services.remove_time_off(away.id, doctor=bose)
    assert [each.reason for each in queries.list_time_off(bose)] == ["Course"]


def test_what_is_booked_stays_and_is_listed_first(session, bose, eze, hours):
    visit = book(bose, "09:20")
    make.appointment(doctor=eze, day=THURSDAY, start=time(9, 20))  # another doctor's
    before = fingerprint(session)
    preview = services.preview_time_off(bose, at("09:00"), at("12:00"))
    assert (preview.hidden_free, [each.id for each in preview.booked]) == (3, [visit.id])
    assert fingerprint(session) == before
    services.add_time_off(bose, starts_at=at("09:00"), ends_at=at("12:00"))
    assert stand(bose) == {"09:20": "booked", "11:00": "time-off"}
    assert [each.id for each in queries.list_out_of_hours(bose)] == [visit.id]


def test_a_visit_on_a_time_of_ones_own_does_not_fit_into_time_off_either(session, bose, hours):
    visit = book(bose, "11:00")
    assert queries.list_out_of_hours(bose) == []
    services.add_time_off(bose, starts_at=at("11:10"), ends_at=at("12:00"))
    assert [each.id for each in queries.list_out_of_hours(bose)] == [visit.id]


@pytest.mark.parametrize("who", ["patient", "doctor"])
@pytest.mark.parametrize("start", ["09:20", "11:00"])
def test_a_visit_that_is_cancelled_under_time_off_does_not_free_its_time(
    session, bose, hours, steady_clock, who, start
):
    visit = book(bose, start)
    services.add_time_off(bose, starts_at=at("09:00"), ends_at=at("12:00"))
    before = stand(bose)
    if who == "patient":
        cancelled = scheduling.cancel_as_patient(visit.id, patient=visit.patient)
    else:
        cancelled = scheduling.cancel_as_doctor(visit.id, doctor=bose, reason="Away")
    assert cancelled.status == "cancelled"
    assert "free" not in stand(bose).values()
    assert stand(bose) == {name: how for name, how in before.items() if how != "booked"} | {"11:00": "time-off"}
    assert cancelled.slot_id == (None if start == "09:20" else visit.slot_id)


def test_a_visit_that_is_cancelled_after_the_hours_changed_makes_room_for_the_new_ones(session, bose, hours):
    visit = book(bose, "09:20")
    (schedule,) = queries.list_schedules(bose)
    make.schedule(bose, make.hours(visit=30), schedule_id=schedule.id)
    assert stand(bose) == {"09:20": "booked", "11:00": "free"}
    scheduling.cancel_as_patient(visit.id, patient=visit.patient)
    assert stand(bose) == {"09:00": "free", "09:30": "free", "11:00": "free"}


def test_a_visit_that_is_cancelled_within_the_hours_frees_its_own_slot(session, bose, hours):
    visit = book(bose, "09:20")
    scheduling.cancel_as_patient(visit.id, patient=visit.patient)
    assert stand(bose) == ALL_FREE
    assert session.get(Appointment, visit.id).slot_id == visit.slot_id is not None


def test_time_off_outlives_changes_of_the_hours(session, bose, hours):
    services.add_time_off(bose, starts_at=at("00:00"), ends_at=at("00:00", FRIDAY))
    (schedule,) = queries.list_schedules(bose)
    make.schedule(bose, make.hours("14:00", "15:00"), schedule_id=schedule.id)
    assert stand(bose) == {"11:00": "time-off"}
    assert set(stand(bose, FRIDAY).values()) == {"free"}


def test_time_off_far_ahead_holds_when_the_horizon_comes_there(session, bose, hours, steady_clock):
    far = THURSDAY + 14 * DAY
    services.add_time_off(bose, starts_at=at("00:00", far), ends_at=at("00:00", far + DAY))
    steady_clock.advance(days=9)
    services.refresh_plan(bose.id)
    assert stand(bose, far) == {}
    assert stand(bose, far - DAY) == {"09:00": "free", "09:20": "free", "09:40": "free"}


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        (at_ := datetime.fromisoformat("2026-11-26T10:00+00:00"), at_),
        (at_, at_ - timedelta(minutes=1)),
        (at_ - 9 * DAY, at_ - 8 * DAY),
        (at_, at_ + 367 * DAY),
    ],
)
def test_time_off_that_makes_no_sense_is_refused(session, bose, starts_at, ends_at):
    with pytest.raises(Invalid):
        services.preview_time_off(bose, starts_at, ends_at)
    with pytest.raises(Invalid):
        services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)
    assert session.scalar(select(func.count()).select_from(TimeOff)) == 0


def test_a_stranger_reaches_no_time_off(session, bose, eze, hours):
    away = services.add_time_off(bose, starts_at=at("09:00"), ends_at=at("12:00"))
    for time_off_id, doctor in ((away.id, eze), (uuid4(), bose)):
        with pytest.raises(NotFound):
            services.remove_time_off(time_off_id, doctor=doctor)
    assert queries.list_time_off(eze) == []
    assert queries.list_time_off(bose) == [away]


def test_no_time_is_opened_by_hand_within_time_off(session, bose, hours):
    services.add_time_off(bose, starts_at=at("09:00", FRIDAY), ends_at=at("12:00", FRIDAY))
    with pytest.raises(AwayThen):
        services.open_slot(bose, day=FRIDAY, start=time(11), end=time(11, 30))
    with pytest.raises(AwayThen):
        services.change_slot(hours.id, doctor=bose, day=FRIDAY, start=time(11), end=time(11, 30))
    assert stand(bose) == ALL_FREE


def test_a_series_into_time_off_is_kept_from_patients_until_that_is_gone(session, bose, hours):
    away = services.add_time_off(bose, starts_at=at("14:20"), ends_at=at("15:00"))
    week = {"first_day": THURSDAY, "last_day": FRIDAY, "weekdays": frozenset({3, 4})}
    result = services.open_series(bose, **week, start=time(14), end=time(15), visit_minutes=20)
    assert (result.opened, result.hidden) == (6, 2)
    assert [stand(bose)[name] for name in ("14:00", "14:20", "14:40")] == ["free", "time-off", "time-off"]
    services.remove_time_off(away.id, doctor=bose)
    assert set(stand(bose).values()) == {"free"}


# -- blocks --------------------------------------------------------------------------------------------------------


def test_a_doctor_blocks_a_time_and_opens_it_again(session, bose, hours):
    slot = slots_on(bose)[1]
    assert services.block_slot(slot.id, doctor=bose).blocked_by == "doctor"
    services.block_slot(slot.id, doctor=bose)  # a second click
    services.refresh_plan(bose.id)
    assert stand(bose) == ALL_FREE | {"09:20": "doctor"}
    assert services.unblock_slot(slot.id, doctor=bose).status == "free"
    services.unblock_slot(slot.id, doctor=bose)
    assert stand(bose) == ALL_FREE


def test_a_block_outlives_other_hours_and_time_off(session, bose, hours):
    services.block_slot(slots_on(bose)[1].id, doctor=bose)
    away = services.add_time_off(bose, starts_at=at("09:00"), ends_at=at("10:00"))
    services.remove_time_off(away.id, doctor=bose)
    assert stand(bose) == ALL_FREE | {"09:20": "doctor"}
    (schedule,) = queries.list_schedules(bose)
    make.schedule(bose, make.hours(visit=30), schedule_id=schedule.id)
    assert stand(bose) == {"09:20": "doctor", "11:00": "free"}  # both visits of half an hour would run into it
    assert services.unblock_slot(slots_on(bose)[0].id, doctor=bose) is None
    assert stand(bose) == {"09:00": "free", "09:30": "free", "11:00": "free"}


def test_a_block_outside_the_hours_goes_with_them(session, bose, hours):
    services.block_slot(slots_on(bose)[1].id, doctor=bose)
    (schedule,) = queries.list_schedules(bose)
    services.delete_schedule(schedule.id, doctor=bose)
    assert stand(bose) == {"11:00": "free"}


def test_what_is_booked_or_past_is_not_blocked(session, bose, hours, steady_clock):
    visit = book(bose, "09:20")
    with pytest.raises(SlotNotFree):
        services.block_slot(visit.slot_id, doctor=bose)
    with pytest.raises(SlotNotFree):
        services.unblock_slot(visit.slot_id, doctor=bose)
    steady_clock.set(at("09:00"))
    for act in (services.block_slot, services.unblock_slot):
        with pytest.raises(SlotInPast):
            act(slots_on(bose)[0].id, doctor=bose)


def test_only_the_doctors_own_block_is_taken_back(session, bose, eze, hours):
    services.add_time_off(bose, starts_at=at("11:00"), ends_at=at("12:00"))
    with pytest.raises(BlockedElsewhere):
        services.unblock_slot(hours.id, doctor=bose)
    for act in (services.block_slot, services.unblock_slot):
        with pytest.raises(NotFound):
            act(hours.id, doctor=eze)
    assert stand(bose)["11:00"] == "time-off"


def test_a_blocked_time_can_be_removed_and_stays_so(session, bose, hours):
    slot = slots_on(bose)[1]
    services.block_slot(slot.id, doctor=bose)
    services.delete_slot(slot.id, doctor=bose)
    services.refresh_plan(bose.id)
    assert stand(bose) == {"09:00": "free", "09:40": "free", "11:00": "free"}


# -- busy elsewhere ------------------------------------------------------------------------------------------------


def note(doctor, *intervals, first="2026-11-23", last="2026-12-23") -> bool:
    """What another calendar says of these intervals of Thursday."""
    window = {
        "starts_at": clock.start_of_day(date.fromisoformat(first)),
        "ends_at": clock.start_of_day(date.fromisoformat(last)),
    }
    return services.note_busy_times(doctor.id, [(at(start), at(end)) for start, end in intervals], **window)


def test_busy_times_keep_free_times_from_patients_as_long_as_they_last(session, bose, hours):
    assert note(bose, ("09:10", "09:25"), ("11:19", "13:00"))
    assert stand(bose) == {"09:00": "calendar", "09:20": "calendar", "09:40": "free", "11:00": "calendar"}
    assert note(bose, ("09:10", "09:25"))
    assert stand(bose)["11:00"] == "free"
    assert note(bose)
    assert stand(bose) == ALL_FREE


def test_the_same_busy_times_again_write_nothing(session, bose, hours):
    note(bose, ("09:00", "09:30"), ("09:30", "09:50"))
    before = fingerprint(session)
    assert not note(bose, ("09:20", "09:50"), ("09:00", "09:30"))
    assert fingerprint(session) == before


def test_what_is_booked_stays_whatever_another_calendar_says(session, bose, hours):
    visit = book(bose, "09:20")
    note(bose, ("00:00", "23:00"))
    assert stand(bose) == {"09:00": "calendar", "09:20": "booked", "09:40": "calendar", "11:00": "calendar"}
    scheduling.cancel_as_patient(visit.id, patient=visit.patient)
    assert stand(bose)["09:20"] == "calendar"


def test_new_times_are_blocked_at_once_where_the_doctor_is_busy(session, bose):
    note(bose, ("09:10", "09:25"), ("14:00", "15:00"))
    make.schedule(bose)
    services.open_slot(bose, day=THURSDAY, start=time(14, 30), end=time(15))
    assert stand(bose) == {"09:00": "calendar", "09:20": "calendar", "09:40": "free", "14:30": "calendar"}


def test_only_the_window_is_replaced(session, bose, hours):
    note(bose, ("09:00", "12:00"))
    note(bose, first="2026-11-27")
    assert stand(bose)["09:00"] == "calendar"
    services.note_busy_times(bose.id, [], starts_at=at("09:30"), ends_at=at("10:00"))
    assert stand(bose) == {"09:00": "calendar", "09:20": "calendar", "09:40": "free", "11:00": "calendar"}
    rows = session.execute(select(BusyTime.starts_at, BusyTime.ends_at).order_by(BusyTime.starts_at)).all()
    assert rows == [(at("09:00"), at("09:30")), (at("10:00"), at("12:00"))]


# -- copying a day -------------------------------------------------------------------------------------------------


def test_a_day_is_copied_to_others_by_the_wall(session, bose):
    make.slot(bose, day=THURSDAY, start=time(9))
    services.open_slot(bose, day=THURSDAY, start=time(10), end=time(10, 45), mode="online")
    make.appointment(doctor=bose, day=THURSDAY, start=time(12))
    services.block_slot(make.slot(bose, day=THURSDAY, start=time(15)).id, doctor=bose)
    summer = date(2027, 6, 1)
    result = services.copy_day(bose, day=THURSDAY, to_days=[FRIDAY, summer, THURSDAY, FRIDAY])
    assert result == (6, 0, 0, [], 0)
    for day in (FRIDAY, summer):
        slots = slots_on(bose, day)
        assert [f"{clock.to_clinic(slot.starts_at):%H:%M}" for slot in slots] == ["09:00", "10:00", "12:00"]
        assert [slot.mode for slot in slots] == ["in-person", "online", "in-person"]
        assert {(slot.status, slot.origin) for slot in slots} == {("free", "hand")}


def test_copies_that_overlap_or_are_past_or_do_not_exist_are_left_out(session, bose):
    make.slot(bose, day=THURSDAY, start=time(1, 30))
    make.slot(bose, day=FRIDAY, start=time(1, 40))
    spring, past = date(2027, 3, 28), date(2026, 11, 22)
    result = services.copy_day(bose, day=THURSDAY, to_days=[FRIDAY, spring, past])
    assert (result.opened, result.overlapping, result.past) == (0, 1, 1)
    assert [day for day, _ in result.skipped_days] == [spring]


@pytest.mark.parametrize(("day", "to_days"), [(FRIDAY, [THURSDAY]), (THURSDAY, []), (THURSDAY, [THURSDAY])])
def test_there_has_to_be_something_to_copy_and_somewhere_to_copy_it(session, bose, day, to_days):
    make.slot(bose, day=THURSDAY)
    with pytest.raises(Invalid):
        services.copy_day(bose, day=day, to_days=to_days)
