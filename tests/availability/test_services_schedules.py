"""Weekly hours become times; changing them shows first what it will do, and what is booked stays."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from hms import clock
from hms.availability import queries, services
from hms.availability.models import Schedule, ScheduleHours, Slot, StoredRules
from hms.availability.refusals import ScheduleOverlap
from hms.availability.services import HoursDraft
from hms.db import db, transaction
from hms.errors import Invalid, NotFound
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment
from tests import make
from tests.authz.snapshot import fingerprint
from tests.race import invariants

MONDAY = date(2026, 11, 23)  # today, at 08:00
THURSDAY = date(2026, 11, 26)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


def slots_of(doctor, day=None) -> list[Slot]:
    """The doctor's slots as stored now, of one day or all, in order."""
    statement = select(Slot).where(Slot.doctor_id == doctor.id).order_by(Slot.starts_at)
    found = db.session.scalars(statement.execution_options(populate_existing=True)).all()
    return [slot for slot in found if day is None or clock.to_clinic(slot.starts_at).date() == day]


def times(slots) -> list[str]:
    """When they are on the wall."""
    return [f"{clock.to_clinic(slot.starts_at):%H:%M}-{clock.to_clinic(slot.ends_at):%H:%M}" for slot in slots]


def horizon(days: int) -> None:
    """Make the clinic's horizon that short."""
    services.set_clinic_rules(horizon_days=days)


def book(slot) -> Appointment:
    """Somebody books it."""
    return scheduling.book(slot.id, patient=make.patient(), idempotency_key=make.new_key())


def same(preview) -> tuple:
    """A preview as plain values, for comparison."""
    return (
        [slot[:3] for slot in preview.added],
        [slot.id for slot in preview.removed],
        preview.kept,
        [slot[:3] for slot in preview.skipped],
        [visit.id for visit in preview.no_longer_fit],
    )


# -- hours become times --------------------------------------------------------------------------------------------


def test_weekly_hours_become_free_times_up_to_the_horizon(session, bose):
    horizon(10)
    done = make.schedule(bose, make.hours(mode="both"))
    slots = slots_of(bose)
    days = {clock.to_clinic(slot.starts_at).date() for slot in slots}
    assert days == {MONDAY + n * DAY for n in (0, 1, 2, 3, 4, 7, 8, 9, 10)}
    assert times(slots)[:3] == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]
    assert {(slot.status, slot.mode, slot.origin, slot.blocked_by) for slot in slots} == {
        ("free", "both", "schedule", None)
    }
    assert (len(done.added), done.removed, done.kept, done.skipped, done.no_longer_fit) == (27, [], 0, [], [])


def test_today_only_what_has_not_begun_is_offered(session, bose, freeze):
    freeze(datetime(2026, 11, 23, 9, 20, tzinfo=UTC))
    make.schedule(bose)
    assert times(slots_of(bose, MONDAY)) == ["09:40-10:00"]


def test_hours_are_stored_as_they_were_entered(session, bose):
    make.schedule(
        bose, make.hours("13:00", "24:00", weekdays=[6], visit=45, gap=5, mode="online"), timezone="Asia/Tokyo"
    )
    (schedule,) = queries.list_schedules(bose)
    assert (schedule.valid_from, schedule.valid_until, schedule.timezone) == (MONDAY, None, "Asia/Tokyo")
    (row,) = schedule.hours
    assert (row.weekday, row.start_minute, row.end_minute) == (6, 780, 1440)
    assert (row.visit_minutes, row.gap_minutes, row.mode) == (45, 5, "online")


def test_hours_in_another_zone_are_offered_at_that_walls_times(session, bose):
    horizon(5)
    make.schedule(bose, make.hours("18:00", "19:00", weekdays=[3]), timezone="Asia/Tokyo")
    assert times(slots_of(bose)) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]


def test_a_time_that_was_opened_by_hand_stays_and_what_overlaps_it_is_left_out(session, bose):
    horizon(3)
    own = make.slot(bose, day=THURSDAY, start=time(9, 10))
    done = make.schedule(bose)
    assert times(slots_of(bose, THURSDAY)) == ["09:10-09:30", "09:40-10:00"]
    assert times(done.skipped) == ["09:00-09:20", "09:20-09:40"]
    assert session.get(Slot, own.id).origin == "hand"


def test_saving_the_same_again_changes_nothing(session, bose):
    make.schedule(bose)
    before = fingerprint(session)
    (schedule,) = queries.list_schedules(bose)
    done = make.schedule(bose, schedule_id=schedule.id)
    assert (done.added, done.removed, done.kept) == ([], [], len(slots_of(bose)))
    assert fingerprint(session) == before


# -- changing them -------------------------------------------------------------------------------------------------


@pytest.fixture
def with_hours(session, bose):
    """Dr Bose works from 9 to 10 in visits of 20 minutes; on Thursday the 09:20 is booked, and the 11:00 his own."""
    horizon(7)
    make.schedule(bose)
    own = make.slot(bose, day=THURSDAY, start=time(11))
    visit = book(slots_of(bose, THURSDAY)[1])
    return queries.list_schedules(bose)[0].id, visit, own


def test_other_hours_replace_the_free_times_and_list_what_no_longer_fits(session, bose, with_hours):
    schedule_id, visit, _ = with_hours
    done = make.schedule(bose, make.hours("10:30", "12:00", visit=30), schedule_id=schedule_id)
    assert times(slots_of(bose, THURSDAY)) == ["09:20-09:40", "10:30-11:00", "11:00-11:20", "11:30-12:00"]
    assert times(slots_of(bose, THURSDAY + DAY)) == ["10:30-11:00", "11:00-11:30", "11:30-12:00"]
    assert [each.id for each in done.no_longer_fit] == [visit.id]
    assert times(done.skipped) == ["11:00-11:30"]
    stored = session.get(Appointment, visit.id)
    assert (stored.status, stored.slot_id) == ("booked", visit.slot_id)


@pytest.mark.parametrize(
    "lines",
    [
        make.hours("10:30", "12:00", visit=30),
        make.hours("09:00", "10:00", visit=30),
        make.hours("09:00", "12:00", gap=5),
        make.hours("09:00", "10:00", mode="online"),
        make.hours(weekdays=[3]),
        make.hours(weekdays=[5, 6]),
    ],
)
@pytest.mark.parametrize("timezone", [None, "Europe/Paris"])
def test_the_preview_says_what_saving_then_does(session, bose, with_hours, lines, timezone):
    schedule_id, *_ = with_hours
    draft = make.draft(lines, schedule_id=schedule_id, timezone=timezone)
    before = fingerprint(session)
    preview = services.preview_schedule(bose, draft)
    assert fingerprint(session) == before
    stored = {slot.id for slot in slots_of(bose)}
    assert same(services.save_schedule(bose, draft)) == same(preview)
    after = {slot.id for slot in slots_of(bose)}
    assert stored - after == {slot.id for slot in preview.removed}
    assert len(after - stored) == len(preview.added)
    assert [visit.id for visit in queries.list_out_of_hours(bose)] == [visit.id for visit in preview.no_longer_fit]


def test_a_time_that_stays_in_the_plan_keeps_its_id(session, bose, with_hours):
    schedule_id, *_ = with_hours
    before = {slot.starts_at: slot.id for slot in slots_of(bose)}
    make.schedule(bose, make.hours("09:00", "12:00"), schedule_id=schedule_id)
    after = {slot.starts_at: slot.id for slot in slots_of(bose)}
    assert before.items() <= after.items()


def test_another_mode_is_written_on_times_that_nobody_has_booked(session, bose, with_hours):
    schedule_id, visit, _ = with_hours
    preview = make.schedule(bose, make.hours(mode="online"), schedule_id=schedule_id)
    assert [slot.mode for slot in slots_of(bose, THURSDAY)] == ["online", "in-person", "online", "in-person"]
    assert [each.id for each in preview.no_longer_fit] == [visit.id]
    assert make.schedule(bose, make.hours(mode="both"), schedule_id=schedule_id).no_longer_fit == []


def test_a_visit_of_other_length_no_longer_fits(session, bose, with_hours):
    schedule_id, visit, _ = with_hours
    done = make.schedule(bose, make.hours(visit=30), schedule_id=schedule_id)
    assert [each.id for each in done.no_longer_fit] == [visit.id]
    assert times(slots_of(bose, THURSDAY)) == ["09:20-09:40", "11:00-11:20"]


def test_new_hours_end_those_until_further_notice_on_the_day_before(session, bose):
    make.schedule(bose)
    make.schedule(bose, make.hours("14:00", "15:00"), first=THURSDAY)
    first, second = queries.list_schedules(bose)
    assert (first.valid_until, second.valid_from, second.valid_until) == (THURSDAY - DAY, THURSDAY, None)
    assert times(slots_of(bose, THURSDAY - DAY)) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]
    assert times(slots_of(bose, THURSDAY)) == ["14:00-14:20", "14:20-14:40", "14:40-15:00"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (MONDAY, None),
        (MONDAY - 3 * DAY, None),
        (THURSDAY, None),
        (MONDAY - DAY, MONDAY),
        (THURSDAY + DAY, THURSDAY + DAY),
    ],
)
def test_hours_of_two_schedules_do_not_overlap(session, bose, first, last):
    make.schedule(bose, first=MONDAY, last=THURSDAY + DAY)
    before = fingerprint(session)
    for attempt in (services.preview_schedule, services.save_schedule):
        with pytest.raises(ScheduleOverlap):
            attempt(bose, make.draft(first=first, last=last))
    assert fingerprint(session) == before


def test_schedules_can_follow_each_other(session, bose):
    make.schedule(bose, first=MONDAY, last=THURSDAY)
    make.schedule(bose, make.hours("14:00", "15:00"), first=THURSDAY + DAY)
    assert len(queries.list_schedules(bose)) == 2
    assert times(slots_of(bose, THURSDAY + DAY)) == ["14:00-14:20", "14:20-14:40", "14:40-15:00"]


def test_hours_that_are_over_are_not_listed(session, bose, steady_clock):
    make.schedule(bose, first=MONDAY, last=THURSDAY)
    assert len(queries.list_schedules(bose)) == 1
    steady_clock.advance(days=4)
    assert queries.list_schedules(bose) == []


def test_hours_can_be_ended(session, bose, with_hours):
    schedule_id, visit, _ = with_hours
    preview = services.preview_end(schedule_id, doctor=bose, last_day=THURSDAY - DAY)
    done = services.end_schedule(schedule_id, doctor=bose, last_day=THURSDAY - DAY)
    assert same(done) == same(preview)
    assert times(slots_of(bose, THURSDAY)) == ["09:20-09:40", "11:00-11:20"]
    assert slots_of(bose, THURSDAY + DAY) == []
    assert [each.id for each in done.no_longer_fit] == [visit.id]
    with pytest.raises(Invalid, match="delete them"):
        services.end_schedule(schedule_id, doctor=bose, last_day=MONDAY - DAY)


def test_hours_can_be_removed(session, bose, with_hours):
    schedule_id, visit, own = with_hours
    preview = services.preview_deletion(schedule_id, doctor=bose)
    assert same(services.delete_schedule(schedule_id, doctor=bose)) == same(preview)
    assert {slot.id for slot in slots_of(bose)} == {visit.slot_id, own.id}
    assert (session.scalars(select(Schedule)).all(), session.scalars(select(ScheduleHours)).all()) == ([], [])


def test_a_stranger_reaches_no_hours(session, bose, eze, with_hours):
    schedule_id, *_ = with_hours
    before = fingerprint(session)
    for attempt in (
        lambda: queries.get_schedule(schedule_id, doctor=eze),
        lambda: make.schedule(eze, schedule_id=schedule_id),
        lambda: services.preview_schedule(eze, make.draft(schedule_id=schedule_id)),
        lambda: services.end_schedule(schedule_id, doctor=eze, last_day=THURSDAY),
        lambda: services.delete_schedule(schedule_id, doctor=eze),
        lambda: services.delete_schedule(uuid4(), doctor=bose),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert fingerprint(session) == before


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        ({"last": MONDAY - DAY}, "last day must be on or after"),
        ({"first": date(1999, 12, 31)}, "2000 to 2099"),
        ({"timezone": "Mars/Olympus"}, "time zone"),
        ({"lines": []}, "at least one day"),
        ({"lines": [HoursDraft(0, 600, 600, 20)]}, "Monday: the end"),
        ({"lines": [HoursDraft(1, 600, 1500, 20)]}, "Tuesday: the end"),
        ({"lines": [HoursDraft(2, 540, 600, 4)]}, "Wednesday: a visit must be"),
        ({"lines": [HoursDraft(2, 0, 1440, 481)]}, "a visit must be"),
        ({"lines": [HoursDraft(3, 540, 600, 20, -5)]}, "gap"),
        ({"lines": [HoursDraft(4, 540, 550, 20)]}, "Friday: these hours are too short"),
        (
            {"lines": [HoursDraft(5, 540, 600, 20), HoursDraft(5, 590, 650, 20)]},
            "Saturday: some of these hours overlap",
        ),
        ({"lines": [HoursDraft(7, 540, 600, 20)]}, "need correcting"),
        ({"lines": [HoursDraft(0, 540, 600, 20, None, "by letter")]}, "need correcting"),
        ({"lines": [HoursDraft(0, n * 10, n * 10 + 10, 10) for n in range(71)]}, "more than"),
    ],
)
def test_hours_that_make_no_sense_are_refused(session, bose, draft, sentence):
    wrong = make.draft(**{name: value for name, value in draft.items() if name != "lines"})
    wrong = wrong._replace(hours=draft.get("lines", wrong.hours))
    before = fingerprint(session)
    for attempt in (services.preview_schedule, services.save_schedule):
        with pytest.raises(Invalid, match=sentence):
            attempt(bose, wrong)
    assert fingerprint(session) == before


def test_a_doctor_without_hours_keeps_what_was_opened_by_hand(session, bose):
    make.slot(bose, day=THURSDAY)
    make.slot(bose, day=THURSDAY + 200 * DAY)  # far beyond the horizon
    before = fingerprint(session)
    done = services.refresh_plan(bose.id)
    assert (done.added, done.removed, done.marked, done.kept, done.skipped) == ([], [], {}, 0, [])
    assert len(slots_of(bose)) == 2
    assert {name: rows for name, rows in before.items() if name != "doctor_plans"} == {
        name: rows for name, rows in fingerprint(session).items() if name != "doctor_plans"
    }


def test_a_shorter_horizon_keeps_the_times_that_were_made_and_takes_those_of_old_hours_along(session, bose):
    horizon(20)
    make.schedule(bose)
    made = len(slots_of(bose))
    horizon(2)
    services.refresh_plan(bose.id)
    assert len(slots_of(bose)) == made
    (schedule,) = queries.list_schedules(bose)
    make.schedule(bose, make.hours("14:00", "15:00"), schedule_id=schedule.id)
    assert {times([slot])[0][:2] for slot in slots_of(bose)} == {"14"}
    assert max(clock.to_clinic(slot.starts_at).date() for slot in slots_of(bose)) <= MONDAY + 2 * DAY


def test_the_gap_of_the_policy_shapes_the_times(session, bose):
    make.schedule(bose)
    with transaction():
        session.execute(update(StoredRules).values(gap_minutes=10))
    services.refresh_plan(bose.id)
    assert times(slots_of(bose, THURSDAY)) == ["09:00-09:20", "09:30-09:50"]


def test_changed_times_of_the_schedule_become_the_doctors_own_and_do_not_come_back(session, bose):
    horizon(7)
    make.schedule(bose)
    first, second, _ = slots_of(bose, THURSDAY)
    services.change_slot(first.id, doctor=bose, day=THURSDAY, start=time(15), end=time(15, 30))
    services.delete_slot(second.id, doctor=bose)
    services.refresh_plan(bose.id)
    assert times(slots_of(bose, THURSDAY)) == ["09:40-10:00", "15:00-15:30"]
    assert [slot.origin for slot in slots_of(bose, THURSDAY)] == ["schedule", "hand"]
    assert queries.list_time_off(bose) == []  # single times are not listed


def test_removing_an_own_time_lets_the_hours_through(session, bose):
    own = make.slot(bose, day=THURSDAY, start=time(9, 10))
    make.schedule(bose)
    services.delete_slot(own.id, doctor=bose)
    assert times(slots_of(bose, THURSDAY)) == ["09:00-09:20", "09:20-09:40", "09:40-10:00"]
