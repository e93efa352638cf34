"""Weekly hours in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from hms.availability import schedule_text
from hms.availability.plan import PlannedSlot
from tests import make

MONDAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def clinic(steady_clock):
    """A clinic in London and nothing else of the application; it is Monday 23 November 2026, 08:00."""
    app = Flask("clinic")
    app.config["CLINIC_TIMEZONE"] = "Europe/London"
    with app.app_context():
        yield app


def test_days_with_the_same_hours_stand_together():
    hours = [*make.hours("09:00", "12:00"), *make.hours("13:00", "17:00"), *make.hours("10:00", "24:00", weekdays=[6])]

    assert schedule_text.week(hours) == [("Mon to Fri", "09:00–12:00, 13:00–17:00"), ("Sun", "10:00–24:00")]


def test_days_that_do_not_follow_each_other_stand_apart():
    assert schedule_text.week(make.hours("09:00", "12:00", weekdays=[0, 2, 3])) == [
        ("Mon", "09:00–12:00"),
        ("Wed to Thu", "09:00–12:00"),
    ]


@pytest.mark.parametrize(
    ("mode", "text"), [("online", "09:00–10:00 online"), ("both", "09:00–10:00 in person or online")]
)
def test_hours_that_are_not_in_person_say_so(mode, text):
    assert schedule_text.week(make.hours(weekdays=[0], mode=mode)) == [("Mon", text)]


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [(0, None, "Now"), (0, 0, "Now"), (-9, -1, "Ended"), (1, None, "Coming"), (-9, 9, "Now")],
)
def test_hours_hold_from_their_first_day_to_their_last(first, last, state):
    valid_until = None if last is None else MONDAY + timedelta(days=last)

    assert schedule_text.state_of(MONDAY + timedelta(days=first), valid_until) == state


def test_a_period_names_its_days():
    assert schedule_text.period(MONDAY, None) == "From 23 November 2026"
    assert schedule_text.period(MONDAY, date(2027, 1, 4)) == "23 November 2026 to 4 January 2027"


def test_a_zone_is_named_by_its_city_and_noted_only_when_it_is_another():
    assert schedule_text.zone_title("America/New_York") == "New York time"
    assert schedule_text.zone_title(None) == "UK time"
    assert schedule_text.zone_note("Europe/Madrid") == " (Madrid time)"
    assert schedule_text.zone_note("Europe/London") == schedule_text.zone_note(None) == ""


def test_times_stand_under_their_days_on_the_clinics_wall():
    late = datetime(2027, 6, 1, 23, 30, tzinfo=UTC)  # 00:30 on the next day in London
    times = [PlannedSlot(at, at + timedelta(minutes=20), "online") for at in (late, late - timedelta(hours=1))]

    assert schedule_text.by_day(times) == [("Tue 1 Jun", ["23:30"]), ("Wed 2 Jun", ["00:30"])]


def test_clock_changes_of_another_zone_name_its_city():
    first, last = date(2027, 3, 1), date(2027, 3, 31)

    assert schedule_text.clock_changes(first, last, zone=ZoneInfo("America/New_York")) == [
        "The clocks go forward in New York on Sunday 14 March. Your hours follow the new time."
    ]
    assert schedule_text.clock_changes(first, last, zone=ZoneInfo("Europe/London")) == [
        "The clocks go forward on Sunday 28 March. Your hours follow the new time."
    ]
