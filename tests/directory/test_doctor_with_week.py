"""A doctor's page is asked for at once: the week that comes along is the one that the page shows."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import Engine, event

from hms import clock
from hms.availability import queries as offered
from hms.availability import services
from hms.availability.models import Mode
from hms.directory import queries, slot_picker
from tests import make

DAY = timedelta(days=1)
DAYS = [None, *(date(2027, 3, 17) + number * DAY for number in range(24))]


@pytest.fixture
def asked():
    """How often the database was asked since the last look."""
    seen = []

    def note(*_):
        seen.append(1)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def week_shown(doctor_id, day, visit):
    """The week that the page shows, and the same one as the statement for a week finds it."""
    found = queries.get_doctor_with_week(doctor_id, day=day, visit=visit)
    kind = slot_picker.kind_of(visit, found.profile)
    monday = slot_picker.first_of(day or slot_picker.day_of(kind.earliest))
    assert found.profile == queries.get_bookable_doctor(doctor_id)
    alone = offered.week_of(doctor_id, monday, rules=found.profile.rules, mode=kind.mode)
    return found.week(monday, kind.mode), alone


@pytest.mark.parametrize("visit", [None, Mode.IN_PERSON, Mode.ONLINE])
@pytest.mark.parametrize("modes", [["in-person"], ["online"], ["online", "in-person"], ["both"], []], ids="+".join)
@pytest.mark.parametrize("first", [0, 6, 12])
def test_the_week_is_the_one_that_is_asked_for_alone(bose, freeze, modes, visit, first):
    freeze(clock.from_clinic(date(2027, 3, 17), time(9)))
    services.set_doctor_rules(bose.id, horizon_days=15, minimum_notice_minutes=90)
    for hour, mode in enumerate(modes, start=9):
        for number in range(first, 24, 3):
            make.slot(bose, day=date(2027, 3, 17) + (number + hour - 9) * DAY, start=time(hour, 30), mode=mode)
    for day in DAYS:
        shown, alone = week_shown(bose.id, day, visit)
        assert shown == alone, day


def test_a_week_in_which_the_clocks_change_and_those_after_it_are_asked_for_alone(bose, freeze, asked):
    freeze(clock.from_clinic(date(2027, 3, 17), time(9)))

    def statements(day):
        found = queries.get_doctor_with_week(bose.id, day=day, visit=None)
        asked.clear()
        found.week(slot_picker.first_of(day), None)
        return len(asked)

    days = [date(2027, 3, day) for day in (17, 23, 24, 28, 31)]
    assert [statements(day) for day in days] == [0, 0, 1, 1, 1]
    freeze(clock.from_clinic(date(2027, 3, 29), time(0)))
    assert [statements(date(2027, 3, 29) + number * DAY) for number in range(8)] == [0] * 8


def test_a_doctor_with_nothing_free_is_shown_with_this_week(bose, freeze):
    today = clock.to_clinic(freeze()).date()
    shown, alone = week_shown(bose.id, None, None)
    assert shown == alone == (slot_picker.first_of(today), "")


def test_another_week_than_the_one_that_came_along_is_not_mistaken_for_it(bose, asked):
    make.slot(bose)
    found = queries.get_doctor_with_week(bose.id, day=None, visit=None)
    monday = slot_picker.first_of(clock.today())
    assert found.week(monday, None).times
    asked.clear()
    assert found.week(monday + 7 * DAY, None) == (monday + 7 * DAY, "")
    assert len(asked) == 1
