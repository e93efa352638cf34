"""What stands beside a time that the clock shows twice, and beside the clinic's time: letters, or UTC and the hours."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms import clock
from hms.availability import schedule_text
from hms.web import formats
from tests.depth import examples
from tests.test_clock import days_of_change

AUTUMN = datetime(2026, 11, 26, 12, tzinfo=UTC)
THOROUGHLY = examples(short=100, full=2000)


@pytest.fixture
def on_wall_of(app, monkeypatch):
    """``on_wall_of("America/Bogota")`` hangs the clock of that zone on the clinic's wall."""

    def on_wall_of(name: str):
        monkeypatch.setitem(app.config, "CLINIC_TIMEZONE", name)

    with app.app_context():
        yield on_wall_of


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/London", "UK time"),
        ("America/Sao_Paulo", "Sao Paulo time (UTC−3)"),
        ("Asia/Kathmandu", "Kathmandu time (UTC+5:45)"),
        ("America/St_Johns", "St Johns time (NST)"),
        ("Etc/GMT+3", "UTC−3 time"),
        ("UTC", "UTC time"),
    ],
)
def test_the_clinics_time_has_a_name_that_people_read(on_wall_of, zone, name):
    on_wall_of(zone)

    assert formats.zone_name(AUTUMN) == name


def test_a_doubled_time_of_a_zone_without_letters_says_its_hours(on_wall_of):
    on_wall_of("America/Asuncion")  # the clocks went back at midnight
    last_hour = [clock.on_wall(date(2024, 3, 23), time(23, 30, fold=fold)) for fold in (0, 1)]

    assert [formats.time(moment) for moment in last_hour] == ["23:30 UTC−3", "23:30 UTC−4"]


@THOROUGHLY
@given(days_of_change(), st.integers(0, 95))
def test_two_equal_times_of_a_day_are_told_apart_in_every_zone(on_wall_of, zone_and_day, quarter):
    zone, day = zone_and_day
    on_wall_of(zone.key)
    shown = [formats.time(moment) for moment in clock.moments_at(day, time(quarter // 4, quarter % 4 * 15), zone=zone)]

    assert len(set(shown)) == len(shown)
    assert all(text[5:].strip().startswith("UTC") or text[5:].strip().isalpha() or text[5:] == "" for text in shown)


def test_hours_of_another_zone_are_named_as_the_clinics_are():
    assert schedule_text.zone_title("Etc/GMT-5") == "UTC+5 time"
    assert schedule_text.zone_title("Europe/Madrid") == "Madrid time"
    assert formats._letters(ZoneInfo("Pacific/Marquesas"), AUTUMN) == "UTC−9:30"
