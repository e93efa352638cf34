"""Times that passed without a booking are marked, so that they leave the indexes; nothing else changes by it."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select, text

from hms import clock, worker
from hms.availability import queries as availability
from hms.availability import services
from hms.availability.models import Slot
from hms.availability.services import expiring
from hms.directory import queries
from tests import make

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def expired(session):
    """Which slots are marked."""
    return set(session.scalars(select(Slot.id).where(Slot.expired)))


def slot(bose, *, ended):
    """A time of an hour that ended so long ago."""
    return make.slot(bose, starts_at=clock.now() - ended - HOUR, minutes=60)


def offered():
    """The slots that the directory shows of its one doctor."""
    (card,) = queries.search_doctors().cards
    return [free.slot_id for free in card.times]


def test_a_free_time_expires_a_day_after_its_end(session, bose):
    old, just = slot(bose, ended=30 * DAY), slot(bose, ended=DAY)
    slot(bose, ended=DAY - HOUR)
    slot(bose, ended=-DAY)

    assert services.mark_expired() == 2
    assert expired(session) == {old.id, just.id}
    assert services.mark_expired() == 0


@pytest.mark.parametrize("status", ["booked", "fulfilled", "noshow"])
def test_a_time_that_somebody_booked_does_not_expire(session, bose, asha, status):
    make.appointment(asha, slot=slot(bose, ended=2 * DAY), status=status)

    assert services.mark_expired() == 0
    assert expired(session) == set()


def test_however_many_there_are_all_expire(session, bose, monkeypatch):
    monkeypatch.setattr(expiring, "AT_ONCE", 2)
    old = {slot(bose, ended=n * DAY).id for n in range(1, 6)}

    assert services.mark_expired() == 5
    assert expired(session) == old


def test_what_a_clock_that_ran_ahead_marked_can_be_booked_again(session, bose):
    coming, old = slot(bose, ended=-2 * DAY), slot(bose, ended=2 * DAY)
    with make.at(clock.now() + 365 * DAY):
        services.mark_expired()
    assert expired(session) == {coming.id, old.id}
    assert offered() == []

    services.mark_expired()
    assert expired(session) == {old.id}
    assert offered() == [coming.id]


def test_an_expired_time_that_is_moved_can_be_booked_again(session, bose):
    moved = slot(bose, ended=2 * DAY)
    services.mark_expired()
    day = date(2026, 11, 26)
    services.change_slot(moved.id, doctor=bose, day=day, start=time(10), end=time(11))

    assert expired(session) == set()
    assert offered() == [moved.id]


def test_past_weeks_look_the_same_as_before(session, bose):
    slot(bose, ended=7 * DAY)
    rules = queries.get_bookable_doctor(bose.id).rules
    monday = clock.today() - timedelta(days=clock.today().weekday() + 7)

    def look():
        return [availability.week_of(bose.id, monday - week * 7 * DAY, rules=rules) for week in range(2)]

    before = look()
    services.mark_expired()

    assert look() == before
    assert sum(day.offered for week in before for day in week.days()) == 1


def test_the_worker_lets_times_expire(session, bose):
    old = slot(bose, ended=2 * DAY)
    worker.run_due_jobs()

    assert expired(session) == {old.id}


def test_the_indexes_of_free_times_hold_no_expired_one(session, bose):
    for n in range(1, 40):
        slot(bose, ended=n * DAY)
    services.mark_expired()
    session.execute(text("UPDATE slots SET mode = 'online'"))
    of_each = (
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid::regclass::text LIKE 'ix_slots_free%'"
    )
    predicates = session.scalars(text(of_each)).all()

    assert len(predicates) == 2
    assert [session.scalar(select(func.count(Slot.id)).where(text(those))) for those in predicates] == [0, 0]
