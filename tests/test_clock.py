"""Wall clock and moments, across every kind of day that clocks have made."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms import clock
from hms.errors import Invalid
from tests.depth import examples

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
LORD_HOWE, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)  # London's clocks go forward, and back

THOROUGHLY = examples(short=150, full=5000)


def moments_showing(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every moment at which the wall shows that: tried with each offset that the zone has around that day."""
    around = (wall.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in range(-50, 51, 1))
    candidates = {wall.replace(tzinfo=UTC) - moment.astimezone(zone).utcoffset() for moment in around}
    return sorted(m for m in candidates if m.astimezone(zone).replace(tzinfo=None) == wall)


def changes_in(year: int, zone: ZoneInfo) -> list[datetime]:
    """The moments of that year at which the zone's offset changes (those that last at least a week)."""
    weeks = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=n) for n in range(53)]
    return [_change(*pair, zone) for pair in pairwise(weeks) if _offset(pair[0], zone) != _offset(pair[1], zone)]


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


moments = st.integers(0, 36_500 * 24 * 60).map(
    lambda minutes: datetime(2000, 1, 3, tzinfo=UTC) + timedelta(minutes=minutes)
)
zones = st.sampled_from(sorted(clock.known_zones())).map(ZoneInfo)


@st.composite
def days_of_change(draw):
    """A zone and a day: mostly one on which, or beside which, its clocks change."""
    zone, year = draw(zones), draw(st.integers(2000, 2060))
    changes = changes_in(year, zone)
    if not changes:
        return zone, draw(st.dates(date(year, 1, 1), date(year, 12, 31)))
    near = draw(st.sampled_from(changes)).astimezone(zone).date()
    return zone, max(near + timedelta(days=draw(st.integers(-1, 1))), clock.FIRST_DAY)


@THOROUGHLY
@given(days_of_change(), st.integers(0, 24 * 60 - 1))
def test_a_wall_time_is_its_first_moment_or_refused(zone_and_day, minute):
    zone, day = zone_and_day
    at = time(*divmod(minute, 60))
    expected = moments_showing(datetime.combine(day, at), zone)
    if not expected:
        with pytest.raises(clock.NoSuchTime):
            clock.from_clinic(day, at, zone=zone)
        return
    moment = clock.from_clinic(day, at, zone=zone)
    assert moment == expected[0]
    assert moment.tzinfo is UTC
    assert clock.is_doubled(moment, zone=zone) == (len(expected) == 2)


@THOROUGHLY
@given(days_of_change())
def test_days_follow_each_other_without_gap_or_overlap(zone_and_day):
    zone, day = zone_and_day
    starts_at, ends_at = clock.day_bounds(day, zone=zone)
    assert ends_at == clock.day_bounds(day + timedelta(days=1), zone=zone)[0]
    assert timedelta() <= ends_at - starts_at <= timedelta(hours=48)
    assert clock.to_clinic(starts_at, zone=zone).date() >= day
    assert clock.to_clinic(starts_at - timedelta(microseconds=1), zone=zone).date() < day


@THOROUGHLY
@given(zones, moments)
def test_what_the_wall_shows_leads_back_to_the_moment(zone, moment):
    wall = clock.to_clinic(moment, zone=zone)
    back = clock.from_clinic(wall.date(), wall.time(), zone=zone)
    assert back == moment or (clock.is_doubled(moment, zone=zone) and back < moment)


def test_the_hour_that_is_skipped_does_not_exist():
    with pytest.raises(clock.NoSuchTime, match="01:30 doesn’t exist on that day because the clocks go forward"):
        clock.from_clinic(SPRING, time(1, 30), zone=LONDON)
    assert clock.from_clinic(SPRING, time(0, 59), zone=LONDON) == datetime(2027, 3, 28, 0, 59, tzinfo=UTC)
    assert clock.from_clinic(SPRING, time(2), zone=LONDON) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_the_hour_that_comes_twice_means_the_first():
    moment = clock.from_clinic(AUTUMN, time(1, 30), zone=LONDON)
    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock.is_doubled(moment, zone=LONDON)
    assert clock.is_doubled(moment + timedelta(hours=1), zone=LONDON)
    assert not clock.is_doubled(moment + timedelta(hours=2), zone=LONDON)


def test_a_fold_given_by_the_caller_does_not_count():
    first = clock.from_clinic(AUTUMN, time(1, 30, fold=0), zone=LONDON)
    assert clock.from_clinic(AUTUMN, time(1, 30, fold=1), zone=LONDON) == first


@pytest.mark.parametrize(
    ("day", "at", "zone"),
    [
        (date(2027, 3, 14), time(2, 30), NEW_YORK),
        (date(2026, 10, 4), time(2, 15), LORD_HOWE),  # half an hour: 02:00 to 02:30
        (date(2011, 12, 30), time(0), APIA),  # the whole day
        (date(2011, 12, 30), time(10), APIA),
        (date(2011, 12, 30), time(23, 59), APIA),
    ],
)
def test_a_skipped_time_is_refused(day, at, zone):
    with pytest.raises(clock.NoSuchTime):
        clock.from_clinic(day, at, zone=zone)


def test_lord_howe_moves_by_half_an_hour():
    assert clock.from_clinic(date(2026, 10, 4), time(2, 30), zone=LORD_HOWE) == datetime(
        2026, 10, 3, 15, 30, tzinfo=UTC
    )
    doubled = clock.from_clinic(date(2027, 4, 4), time(1, 45), zone=LORD_HOWE)
    assert doubled == datetime(2027, 4, 3, 14, 45, tzinfo=UTC)
    assert clock.is_doubled(doubled, zone=LORD_HOWE)
    assert not clock.is_doubled(doubled - timedelta(minutes=20), zone=LORD_HOWE)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 11, 23), LONDON, 24),
        (SPRING, LONDON, 23),
        (AUTUMN, LONDON, 25),
        (date(2026, 10, 4), LORD_HOWE, 23.5),
        (date(2027, 4, 4), LORD_HOWE, 24.5),
        (date(2011, 12, 30), APIA, 0),
        (date(2011, 12, 29), APIA, 24),
        (date(2011, 12, 31), APIA, 24),
    ],
)
def test_a_day_is_midnight_to_midnight_on_the_wall(day, zone, hours):
    starts_at, ends_at = clock.day_bounds(day, zone=zone)
    assert ends_at - starts_at == timedelta(hours=hours)
    assert clock.is_changed_on(day, zone=zone) == (hours != 24)


def test_a_day_whose_midnight_is_skipped_starts_at_the_skip():
    cairo = ZoneInfo("Africa/Cairo")  # 2026-04-24: 00:00 becomes 01:00
    starts_at, ends_at = clock.day_bounds(date(2026, 4, 24), zone=cairo)
    assert clock.to_clinic(starts_at, zone=cairo).time() == time(1)
    assert ends_at - starts_at == timedelta(hours=23)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(2100, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_year_out_of_range_is_refused_with_a_sentence(day, zone):
    with pytest.raises(Invalid, match="between 2000 and 2099"):
        clock.from_clinic(day, time(0), zone=ZoneInfo(zone))


@pytest.mark.parametrize("name", ["America", "\0", "../../etc/passwd", "", "europe/london", "Europe/Atlantis"])
def test_only_a_name_of_the_database_is_a_zone(name):
    with pytest.raises(ValueError, match="isn’t in the time-zone database"):
        clock.zone_named(name)


def test_now_is_aware_utc():
    assert clock.now().tzinfo is UTC


def test_today_is_the_day_on_the_clinics_wall(steady_clock):
    steady_clock.set(datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    assert clock.today(zone=LONDON) == date(2026, 7, 2)
    assert clock.today(zone=NEW_YORK) == date(2026, 7, 1)


def test_the_clinics_zone_is_the_configured_one(app, monkeypatch):
    with app.app_context():
        monkeypatch.setitem(app.config, "CLINIC_TIMEZONE", "Australia/Lord_Howe")
        assert clock.clinic_zone() == LORD_HOWE
        assert clock.from_clinic(date(2026, 11, 23), time(11)) == datetime(2026, 11, 23, tzinfo=UTC)
