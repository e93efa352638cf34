"""The doctor's calendar: time off and closed days behind the times, kinds of visits, and what a day leads to."""

from datetime import date, time, timedelta

import pytest

from hms import clock
from hms.availability import services
from hms.db import transaction
from tests import make

MONDAY = date(2026, 11, 23)  # the tests' clock starts on it at 08:00, in London
TUESDAY = date(2026, 11, 24)
THURSDAY = date(2026, 11, 26)


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


def said(page, day: date) -> list[str]:
    """What a screen reader says of each time of a day, in order."""
    path = f".//section[@id='d-{day.isoformat()}']//ol//span[@class='vh']"
    return [words.replace(" ,", ",") for words in page.texts(path)]


def test_time_off_stands_in_the_calendar_with_its_words_and_hides_what_it_blocks(dr_bose, bose):
    make.slot(bose, day=THURSDAY, start=time(9))
    make.slot(bose, day=THURSDAY, start=time(14))
    starts_at, ends_at = (clock.from_clinic(THURSDAY, at) for at in (time(8), time(12)))
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at, reason="Conference")

    page = dr_bose.page("doctor.calendar")

    assert said(page, THURSDAY) == ["08:00 to 12:00, Conference", "14:00, Free, change or remove"]


@pytest.mark.parametrize("view", ["week", "day", "list"])
def test_a_closed_day_stands_in_every_view(dr_bose, bose, view):
    make.slot(bose, day=THURSDAY)
    services.add_closure(first_day=THURSDAY, last_day=THURSDAY, name="Founders’ day")

    page = dr_bose.page("doctor.calendar", week=THURSDAY.isoformat(), view=view)

    assert said(page, THURSDAY) == ["All day, Founders’ day"]


def test_a_booked_time_in_time_off_is_still_seen(dr_bose, bose, asha):
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))
    starts_at, ends_at = clock.day_bounds(THURSDAY)
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)

    assert said(dr_bose.page("doctor.calendar"), THURSDAY) == ["All day, Time off", "09:00, Asha Rao"]


def test_another_doctors_time_off_is_not_seen(dr_bose, eze):
    starts_at, ends_at = clock.day_bounds(THURSDAY)
    services.add_time_off(eze, starts_at=starts_at, ends_at=ends_at, reason="Conference")

    assert "Conference" not in dr_bose.page("doctor.calendar").text


def test_a_blocked_time_opens_its_page(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY)
    services.block_slot(slot.id, doctor=bose)

    page = dr_bose.page("doctor.calendar")

    assert said(page, THURSDAY) == ["09:00, Blocked, Not available, open or remove"]
    assert page.has_link_to(dr_bose.url("doctor.slot", slot_id=slot.id))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("in-person", "09:00, Free, change or remove"),
        ("online", "09:00, Free, Online, change or remove"),
        ("both", "09:00, Free, In person or online, change or remove"),
    ],
)
def test_a_free_time_says_its_kind_of_visit(dr_bose, bose, mode, words):
    services.open_slot(bose, day=THURSDAY, start=time(9), end=time(9, 20), mode=mode)

    assert said(dr_bose.page("doctor.calendar"), THURSDAY) == [words]


def test_a_day_to_come_leads_to_adding_a_time_and_one_with_times_to_copying(dr_bose, bose):
    make.slot(bose, day=THURSDAY)

    page = dr_bose.page("doctor.calendar")

    add = [link.rpartition("#")[0] for link in page.links if link.endswith("#add-one")]
    assert [link.rpartition("=")[2] for link in add] == [f"2026-11-{day}" for day in range(23, 28)]
    assert [link for link in page.links if link.endswith("/copy")] == ["/doctor/calendar/2026-11-26/copy"]


def test_a_past_day_takes_no_times_but_can_be_copied(dr_bose, bose):
    make.slot(bose, day=date(2026, 11, 19))

    page = dr_bose.page("doctor.calendar", week="2026-11-19")

    assert [link for link in page.links if link.endswith("#add-one")] == []
    assert page.has_link_to("/doctor/calendar/2026-11-19/copy")


def test_times_of_hours_in_another_zone_stand_at_the_clinics_time(dr_bose, bose):
    make.schedule(
        bose,
        make.hours("09:00", "10:00", weekdays=[1], visit=60),
        first=TUESDAY,
        last=TUESDAY,
        timezone="Europe/Madrid",
    )

    page = dr_bose.page("doctor.calendar")

    assert said(page, TUESDAY) == ["08:00, Free, change or remove"]
    assert "times in UK time" in page.text


def test_in_the_week_of_a_clock_change_hours_stand_where_the_wall_shows_them(signed_in, bose, freeze):
    freeze(clock.from_clinic(date(2027, 3, 22), time(9)))
    make.schedule(bose, make.hours("09:00", "10:00", weekdays=[5, 6], visit=60), first=date(2027, 3, 22))

    page = signed_in(bose).page("doctor.calendar")

    assert "The clocks go forward on Sunday 28 March." in page.text
    for day in (date(2027, 3, 27), date(2027, 3, 28)):
        assert said(page, day) == ["09:00, Free, change or remove"]
        (event,) = page.all(f".//section[@id='d-{day.isoformat()}']//ol/li")
        assert "r13" in event.get("class").split()  # 09:00 is an hour below 08:00 on both days


def test_time_off_over_a_clock_change_is_drawn_to_the_wall(signed_in, bose, freeze):
    freeze(clock.from_clinic(date(2026, 10, 20), time(9)))
    sunday = date(2026, 10, 25)
    make.slot(bose, day=sunday, start=time(4))
    starts_at, ends_at = (clock.from_clinic(sunday, at) for at in (time(0, 30), time(3)))
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)

    page = signed_in(bose).page("doctor.calendar", week="2026-10-25", view="day")

    assert "The clocks go back on Sunday 25 October." in page.text
    assert said(page, sunday)[0] == "00:30 to 03:00, Time off"


# what is past stays in its week


@pytest.mark.parametrize("view", ["week", "day", "list"])
def test_a_past_closure_and_past_time_off_stand_in_the_week_in_which_they_were(signed_in, bose, freeze, view):
    services.add_closure(first_day=TUESDAY, last_day=TUESDAY, name="Founders’ day")
    starts_at, ends_at = (clock.from_clinic(TUESDAY, at) for at in (time(8), time(12)))
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at, reason="Conference")
    freeze(clock.from_clinic(date(2027, 1, 11), time(9)))

    page = signed_in(bose).page("doctor.calendar", week=TUESDAY.isoformat(), view=view)

    assert said(page, TUESDAY) == ["All day, Founders’ day", "08:00 to 12:00, Conference"]


def test_a_closure_on_a_saturday_alone_is_not_lost_with_the_weekend(signed_in, bose):
    saturday = MONDAY + timedelta(days=5)
    services.add_closure(first_day=saturday, last_day=saturday, name="Founders’ day")

    assert said(signed_in(bose).page("doctor.calendar"), saturday) == ["All day, Founders’ day"]


def test_a_week_away_shows_no_weekend_of_its_own(signed_in, bose):
    services.add_closure(first_day=MONDAY, last_day=MONDAY + timedelta(days=6), name="Rebuilding")

    page = signed_in(bose).page("doctor.calendar")

    assert said(page, MONDAY) == ["All day, Rebuilding"]
    assert "Saturday 28 November" not in page.text


def test_time_off_of_this_morning_stands_in_todays_calendar_in_the_afternoon(signed_in, bose, freeze):
    starts_at, ends_at = (clock.from_clinic(MONDAY, at) for at in (time(9), time(12)))
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at, reason="Conference")
    freeze(clock.from_clinic(MONDAY, time(15)))

    assert said(signed_in(bose).page("doctor.calendar"), MONDAY) == ["09:00 to 12:00, Conference"]


@pytest.mark.parametrize("typed", ["3/12/2026", "3 Dec 2026", "Thursday 3 December 2026"])
def test_a_date_that_is_typed_leads_to_its_week(dr_bose, typed):
    assert dr_bose.page("doctor.calendar", date=typed).heading == "30 November to 4 December 2026"


def test_what_is_no_date_is_said_beside_the_field_and_kept(dr_bose):
    page = dr_bose.page("doctor.calendar", date="3 Decembre", view="day")

    assert "Enter a date, like 26/11/2026." in page.text
    assert next(form for form in page.forms if "date" in form.names).values == {"date": "3 Decembre", "view": "day"}


def test_the_day_says_age_reason_and_kind_and_the_week_does_not(dr_bose, bose, asha):
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9), reason="Chest pain", mode="online")

    (in_the_day,) = said(dr_bose.page("doctor.calendar", view="day", week=THURSDAY.isoformat()), THURSDAY)
    (in_the_week,) = said(dr_bose.page("doctor.calendar", week=THURSDAY.isoformat()), THURSDAY)

    assert in_the_day.endswith("Chest pain, online")
    assert "Chest pain" not in in_the_week


def test_a_press_on_an_empty_place_proposes_a_slot_there(dr_bose):
    column = dr_bose.page("doctor.calendar").all(".//*[@data-add]")[0]

    page = dr_bose.get(column.get("data-add").replace("#", "&start=10:20#").split("#")[0]).page

    form = page.find_form(dr_bose.url("doctor.slots"))
    assert (form.values["day"], form.values["start"]) == ("23/11/2026", "10:20")


def test_a_day_sheet_has_what_a_doctor_needs_on_paper_and_nobody_elses_patients(dr_bose, bose, eze, asha, chen):
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9), reason="Chest pain")
    make.appointment(chen, doctor=eze, day=THURSDAY, start=time(9))
    make.appointment(chen, doctor=bose, day=THURSDAY, start=time(10), status="cancelled")
    with transaction():
        asha.phone, asha.date_of_birth = "+442079460001", date(1990, 11, 26)

    with dr_bose.statements() as statements:
        page = dr_bose.page("doctor.day_sheet", day=THURSDAY.isoformat())

    (row,) = page.all(".//table[@class='sheet']/tbody/tr")
    assert " ".join(" ".join(row.itertext()).split()) == "09:00 Asha Rao 36 020 7946 0001 Chest pain Not yet"
    assert page.texts(".//p[@class='paper-head']") == ["Northgate Hospital Dr Anil Bose"]
    assert len(statements) <= 4, statements  # one is the line of the audit log
    assert "No one is booked." in dr_bose.page("doctor.day_sheet").text
