"""Keeping slots as planned: every night a day more, whatever is stale soon, and the same again changes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from hms import clock, worker
from hms.availability import services
from hms.availability.models import BusyTime, DoctorPlan, Schedule, Slot
from hms.availability.services import planning
from hms.db import db, transaction
from tests import make
from tests.authz.snapshot import fingerprint
from tests.race import invariants

MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


@pytest.fixture
def hours(session, bose):
    """Dr Bose works every day from 9 to 10, and the horizon is ten days."""
    services.set_clinic_rules(horizon_days=10)
    make.schedule(bose, make.hours(weekdays=range(7)))
    while services.refresh_next():
        pass


def plan_of(doctor) -> DoctorPlan:
    """How far the doctor's slots are made."""
    return db.session.get(DoctorPlan, doctor.id, populate_existing=True)


def last_day(doctor) -> date:
    """The day of the doctor's last slot."""
    return clock.to_clinic(
        db.session.scalar(select(func.max(Slot.starts_at)).where(Slot.doctor_id == doctor.id))
    ).date()


def night(steady_clock) -> None:
    """A night passes, and what the worker does in it."""
    steady_clock.advance(days=1)
    services.extend_plans()
    while services.refresh_next():
        pass


def test_slots_are_made_up_to_the_horizon_and_a_day_more_every_night(bose, hours, steady_clock):
    assert (last_day(bose), plan_of(bose).planned_to) == (MONDAY + 10 * DAY, MONDAY + 10 * DAY)
    for n in (11, 12, 13):
        night(steady_clock)
        assert (last_day(bose), plan_of(bose).planned_to) == (MONDAY + n * DAY, MONDAY + n * DAY)


def test_the_horizon_moves_on_at_midnight_of_the_clinics_wall(session, bose, steady_clock):
    services.set_clinic_rules(horizon_days=3)
    make.schedule(bose, make.hours(weekdays=range(7)))
    steady_clock.set(datetime(2027, 7, 1, 22, 59, tzinfo=UTC))  # 23:59 in London
    services.refresh_plan(bose.id)
    assert last_day(bose) == date(2027, 7, 4)
    steady_clock.set(datetime(2027, 7, 1, 23, 1, tzinfo=UTC))
    assert services.extend_plans() == 1
    assert services.refresh_next() == 1
    assert last_day(bose) == date(2027, 7, 5)


def test_the_same_again_changes_nothing(session, bose, hours):
    before = fingerprint(session)
    services.refresh_plan(bose.id)
    services.extend_plans()
    assert services.refresh_next() == 0
    assert fingerprint(session) == before


def test_after_a_long_absence_all_days_are_made_at_once(bose, hours, steady_clock):
    steady_clock.advance(days=30)
    services.extend_plans()
    assert services.refresh_next() == 1
    assert last_day(bose) == MONDAY + 40 * DAY


def test_what_is_past_is_left_as_it_was(session, bose, hours, steady_clock):
    past = set(session.scalars(select(Slot.id).where(Slot.starts_at < clock.now() + 3 * DAY)))
    steady_clock.advance(days=3)
    services.delete_schedule(session.scalar(select(Schedule.id)), doctor=bose)
    assert set(session.scalars(select(Slot.id))) == past


def test_a_rule_that_changes_is_seen_by_the_worker_for_those_it_concerns(session, bose, eze, hours):
    make.schedule(eze, make.hours(weekdays=range(7)))
    services.set_doctor_rules(bose.id, horizon_days=20)
    assert services.refresh_next() == 1
    assert services.refresh_next() == 0
    assert (last_day(bose), last_day(eze)) == (MONDAY + 20 * DAY, MONDAY + 10 * DAY)
    services.set_clinic_rules(horizon_days=12)
    while services.refresh_next():
        pass
    assert (last_day(bose), last_day(eze)) == (MONDAY + 20 * DAY, MONDAY + 12 * DAY)


def test_every_doctors_own_horizon_is_looked_at_every_night(session, bose, eze, hours, steady_clock):
    services.set_doctor_rules(eze.id, horizon_days=2)
    make.schedule(eze, make.hours(weekdays=range(7)))
    assert services.extend_plans() == 0
    night(steady_clock)
    assert (last_day(bose), last_day(eze)) == (MONDAY + 11 * DAY, MONDAY + 3 * DAY)


def test_schedules_that_nobody_has_planned_yet_are_found(session, bose, hours):
    """As after an import."""
    with transaction():
        session.delete(plan_of(bose))
    with transaction():
        session.execute(update(Slot).values(starts_at=Slot.starts_at - 400 * DAY, ends_at=Slot.ends_at - 400 * DAY))
    assert services.extend_plans() == 1
    services.refresh_next()
    assert last_day(bose) == MONDAY + 10 * DAY


def test_those_who_wait_longest_come_first_and_a_plan_that_fails_goes_behind(
    session, bose, eze, hours, steady_clock, caplog
):
    make.schedule(eze, make.hours(weekdays=range(7)))
    for doctor in (bose, eze):
        with transaction():
            planning.mark_stale(session, [doctor.id])
        steady_clock.advance(seconds=1)
    with transaction():  # a zone that the time-zone database has no more
        session.execute(update(Schedule).where(Schedule.doctor_id == bose.id).values(timezone="Europe/Atlantis"))
    with caplog.at_level("ERROR"):
        assert services.refresh_next() == 1
        assert services.refresh_next() == 1
        assert services.refresh_next() == 0
        assert (plan_of(bose).stale_since is None, plan_of(eze).stale_since) == (False, None)
        steady_clock.advance(minutes=5)
        assert services.refresh_next() == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"the plan of doctor {bose.id} waits, the others go first: the slots couldn’t be made (ValueError)"
    ]
    with transaction():
        session.execute(update(Schedule).where(Schedule.doctor_id == bose.id).values(timezone=None))
    steady_clock.advance(minutes=5)
    assert services.refresh_next() == 1
    assert (plan_of(bose).stale_since, plan_of(bose).problem) == (None, None)


def test_what_was_busy_elsewhere_long_ago_is_forgotten(session, bose, hours, steady_clock):
    starts_at = clock.now() + DAY
    services.note_busy_times(bose.id, [(starts_at, starts_at + DAY)], starts_at=starts_at, ends_at=starts_at + 9 * DAY)
    assert session.scalar(select(func.count()).select_from(BusyTime)) == 1
    steady_clock.advance(days=4)
    services.extend_plans()
    assert session.scalar(select(func.count()).select_from(BusyTime)) == 0


def test_the_worker_does_both(app):
    assert worker._steps["plans"] is services.refresh_next
    assert worker._jobs["extend plans"].do is services.extend_plans


def test_a_plan_is_made_by_few_statements_however_many_times_it_has(session, bose, client):
    services.set_clinic_rules(horizon_days=3)
    make.schedule(bose, make.hours(weekdays=range(7)))
    services.set_clinic_rules(horizon_days=200)
    with client.statements() as few:
        services.refresh_plan(bose.id)
    assert session.scalar(select(func.count()).select_from(Slot)) == 201 * 3
    assert len(few) <= 12
