"""Offering times: single ones and series, across clock changes, and never over one another."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from hms import clock
from hms.availability import services
from hms.availability.models import Slot
from hms.availability.refusals import SlotInPast, SlotNotFree, SlotOverlap
from hms.errors import Invalid, NotFound
from tests import make
from tests.race import invariants

DAY = date(2026, 11, 26)  # a Thursday
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)  # the clocks of London go forward, and back; Sundays
EVERY_DAY = frozenset(range(7))


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


def starts(session) -> list[datetime]:
    """When the stored slots start, in order."""
    return list(session.scalars(select(Slot.starts_at).order_by(Slot.starts_at)))


def open_slot(doctor, start="10:00", end="10:20", day=DAY):
    """Offer one time, written as on the wall."""
    return services.open_slot(doctor, day=day, start=time.fromisoformat(start), end=time.fromisoformat(end))


def open_series(doctor, **other):
    """Offer 9:00 to 10:00 in visits of 20 minutes on one day, unless told otherwise."""
    usual = {
        "first_day": DAY,
        "last_day": DAY,
        "weekdays": EVERY_DAY,
        "start": time(9),
        "end": time(10),
        "visit_minutes": 20,
    }
    return services.open_series(doctor, **usual | other)


def test_a_doctor_offers_a_time(session, bose):
    slot = open_slot(bose)
    assert (slot.doctor_id, slot.status) == (bose.id, "free")
    assert slot.starts_at == datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=20)


def test_wall_clock_times_follow_the_season(session, bose):
    assert open_slot(bose, day=date(2027, 7, 1)).starts_at == datetime(2027, 7, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"), [("10:00", "10:20"), ("09:50", "10:10"), ("10:10", "10:15"), ("09:00", "12:00")]
)
def test_a_time_that_overlaps_is_refused(session, bose, start, end):
    open_slot(bose)
    with pytest.raises(SlotOverlap) as refused:
        open_slot(bose, start, end)
    assert (refused.value.status, refused.value.field) == (409, "start")
    assert len(starts(session)) == 1


def test_times_back_to_back_do_not_overlap(session, bose):
    for start, end in (("10:00", "10:20"), ("10:20", "10:40"), ("09:40", "10:00")):
        open_slot(bose, start, end)
    assert len(starts(session)) == 3


def test_two_doctors_may_offer_the_same_time(session, bose, eze):
    open_slot(bose)
    open_slot(eze)
    assert len(starts(session)) == 2


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("10:00", "10:00", "end must be after the start"),
        ("10:00", "09:00", "end must be after the start"),
        ("10:00", "10:04", "between 5 minutes and 8 hours"),
        ("08:00", "16:01", "between 5 minutes and 8 hours"),
    ],
)
def test_a_time_has_a_sensible_length(session, bose, start, end, sentence):
    with pytest.raises(Invalid, match=sentence) as refused:
        open_slot(bose, start, end)
    assert refused.value.field == "end"
    assert starts(session) == []


def test_the_shortest_and_the_longest_visit_are_allowed(session, bose):
    open_slot(bose, "08:00", "08:05")
    open_slot(bose, "09:00", "17:00")


def test_a_time_that_has_passed_is_refused(session, bose, freeze):
    freeze(datetime(2026, 11, 26, 10, 0, tzinfo=UTC))
    with pytest.raises(SlotInPast):
        open_slot(bose)
    assert open_slot(bose, "10:01", "10:20")


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2100, 1, 1), date(9999, 12, 31), date(1, 1, 1)])
def test_a_year_out_of_range_is_refused(session, bose, day):
    with pytest.raises(Invalid, match="between 2000 and 2099"):
        open_slot(bose, day=day)


def test_the_last_day_of_all_can_be_offered(session, bose):
    open_slot(bose, "23:30", "23:59", day=date(2099, 12, 31))


@pytest.mark.parametrize(("start", "end"), [("01:30", "02:30"), ("00:30", "01:30"), ("01:00", "01:20")])
def test_a_time_in_the_gap_is_refused_with_a_sentence(session, bose, start, end):
    with pytest.raises(clock.NoSuchTime, match="doesn’t exist on that day because the clocks go forward"):
        open_slot(bose, start, end, day=SPRING)
    assert starts(session) == []


def test_a_visit_over_the_gap_is_as_long_as_it_lasts(session, bose):
    slot = open_slot(bose, "00:50", "02:10", day=SPRING)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=20)


def test_the_doubled_hour_means_the_first(session, bose):
    slot = open_slot(bose, "01:30", "01:50", day=AUTUMN)
    assert slot.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_visit_over_the_doubled_hour_is_as_long_as_it_lasts(session, bose):
    slot = open_slot(bose, "00:50", "02:10", day=AUTUMN)
    assert slot.ends_at - slot.starts_at == timedelta(hours=2, minutes=20)


def test_a_series_fills_the_hours_with_whole_visits(session, bose):
    result = open_series(bose, end=time(10, 15))
    assert result == (3, 0, 0, [], 0)
    assert [moment.strftime("%H:%M") for moment in starts(session)] == ["09:00", "09:20", "09:40"]


def test_a_series_keeps_to_its_days_of_the_week(session, bose):
    result = open_series(bose, last_day=DAY + timedelta(days=13), weekdays=frozenset({0, 3}))
    assert result.opened == 4 * 3
    assert {moment.weekday() for moment in starts(session)} == {0, 3}


def test_a_series_leaves_out_what_overlaps_and_says_so(session, bose):
    open_slot(bose, "09:30", "09:50")
    result = open_series(bose)
    assert (result.opened, result.overlapping) == (1, 2)
    assert open_series(bose) == (0, 3, 0, [], 0)


def test_a_series_leaves_out_what_has_passed_and_says_so(session, bose, freeze):
    freeze(datetime(2026, 11, 26, 9, 20, tzinfo=UTC))
    assert open_series(bose) == (1, 0, 2, [], 0)


def test_a_series_across_a_clock_change_keeps_its_wall_time(session, bose):
    open_series(bose, first_day=SPRING - timedelta(days=1), last_day=SPRING + timedelta(days=1), end=time(9, 20))
    assert [moment.hour for moment in starts(session)] == [9, 8, 8]
    assert {clock.to_clinic(moment).hour for moment in starts(session)} == {9}


def test_a_series_names_the_day_on_which_its_start_does_not_exist(session, bose):
    result = open_series(
        bose,
        first_day=SPRING - timedelta(days=1),
        last_day=SPRING + timedelta(days=1),
        start=time(1, 30),
        end=time(3, 30),
    )
    assert result.opened == 12
    assert [day for day, _ in result.skipped_days] == [SPRING]
    assert "01:30 doesn’t exist" in result.skipped_days[0][1]


def test_a_night_of_visits_is_an_hour_shorter_or_longer_when_clocks_change(session, bose):
    for day, visits in ((SPRING, 2), (AUTUMN, 4), (DAY, 3)):
        assert (
            open_series(bose, first_day=day, last_day=day, start=time(0), end=time(3), visit_minutes=60).opened
            == visits
        )


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"last_day": DAY - timedelta(days=1)}, "last_day"),
        ({"last_day": DAY + timedelta(days=366)}, "last_day"),
        ({"weekdays": frozenset()}, "weekdays"),
        ({"end": time(9)}, "end"),
        ({"end": time(8)}, "end"),
        ({"visit_minutes": 4}, "visit_minutes"),
        ({"visit_minutes": 0}, "visit_minutes"),
        ({"visit_minutes": -20}, "visit_minutes"),
        ({"visit_minutes": 481}, "visit_minutes"),
    ],
)
def test_a_series_that_makes_no_sense_is_refused(session, bose, other, field):
    with pytest.raises(Invalid) as refused:
        open_series(bose, **other)
    assert refused.value.field == field
    assert starts(session) == []


def test_a_series_too_short_for_one_visit_opens_none(session, bose):
    assert open_series(bose, visit_minutes=90).opened == 0


def test_a_series_with_more_times_than_the_database_takes_at_once_is_refused(session, bose):
    """A year of nights and days in steps of five minutes is over 100,000 times: a slip of the hand, not an offer."""
    everything = {"last_day": DAY + timedelta(days=365), "start": time(0), "end": time(23, 55), "visit_minutes": 5}
    with pytest.raises(Invalid, match="more than 10,000 slots") as refused:
        open_series(bose, **everything)
    assert refused.value.field == "last_day"


def test_a_working_year_is_opened_in_one_series(session, bose):
    workdays = frozenset(range(5))
    result = open_series(bose, last_day=DAY + timedelta(days=365), weekdays=workdays, start=time(8), end=time(18))
    assert result.opened == 262 * 30


def test_a_free_time_is_moved(session, bose):
    slot = open_slot(bose)
    services.change_slot(slot.id, doctor=bose, day=DAY, start=time(14), end=time(14, 30))
    session.expire_all()
    assert slot.starts_at == datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=30)


def test_a_time_may_be_moved_over_its_own_place(session, bose):
    slot = open_slot(bose)
    services.change_slot(slot.id, doctor=bose, day=DAY, start=time(10, 10), end=time(10, 30))
    assert slot.starts_at.minute == 10


def test_a_time_is_not_moved_onto_another(session, bose):
    slot, other = open_slot(bose), open_slot(bose, "11:00", "11:20")
    with pytest.raises(SlotOverlap):
        services.change_slot(slot.id, doctor=bose, day=DAY, start=time(11, 10), end=time(11, 30))
    session.expire_all()
    assert slot.starts_at < other.starts_at


@pytest.mark.parametrize("wrong", [SlotInPast, clock.NoSuchTime, Invalid])
def test_a_time_is_not_moved_to_where_none_can_be(session, bose, wrong):
    slot = open_slot(bose)
    day = {SlotInPast: date(2026, 11, 22), clock.NoSuchTime: SPRING, Invalid: date(2100, 1, 1)}[wrong]
    with pytest.raises(wrong):
        services.change_slot(slot.id, doctor=bose, day=day, start=time(1, 30), end=time(1, 50))
    session.expire_all()
    assert slot.starts_at == datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


def test_a_booked_time_is_neither_moved_nor_removed(session, asha, bose):
    visit = make.appointment(asha, doctor=bose)
    with pytest.raises(SlotNotFree):
        services.change_slot(visit.slot_id, doctor=bose, day=DAY, start=time(14), end=time(14, 30))
    with pytest.raises(SlotNotFree):
        services.delete_slot(visit.slot_id, doctor=bose)
    session.expire_all()
    assert visit.slot.starts_at == visit.starts_at


def test_a_free_time_is_removed(session, bose):
    slot = open_slot(bose)
    services.delete_slot(slot.id, doctor=bose)
    assert starts(session) == []


def test_a_stranger_finds_no_such_time(session, bose, eze):
    slot = open_slot(bose)
    with pytest.raises(NotFound):
        services.change_slot(slot.id, doctor=eze, day=DAY, start=time(14), end=time(14, 30))
    with pytest.raises(NotFound):
        services.delete_slot(slot.id, doctor=eze)
    with pytest.raises(NotFound):
        services.delete_slot(uuid4(), doctor=bose)
    assert len(starts(session)) == 1


def test_a_removed_time_is_free_for_a_new_one(session, bose):
    services.delete_slot(open_slot(bose).id, doctor=bose)
    open_slot(bose)
