"""Time off as the doctor adds and removes it, beside the clinic's closures: nobody booked is dropped silently."""

from datetime import date, time

import pytest

from hms import clock
from hms.availability import services
from hms.availability.models import Slot, TimeOff
from hms.db import db
from hms.scheduling import queries
from tests import make

MONDAY = date(2026, 11, 23)  # the tests' clock starts on it at 08:00, in London
THURSDAY = date(2026, 11, 26)
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


def send(browser, *, do: str = "check", status: int = 200, **form):
    """Send the form for Thursday; the page that answers."""
    data = {"first_day": "2026-11-26", "last_day": "", "start": "", "end": "", "reason": "", "do": do, **form}
    answer = browser.post("/doctor/exceptions", data={"csrf_token": browser.csrf_token(), **data})
    assert answer.status_code == status, answer.text[:2000]
    return answer if status == 303 else answer.page


def time_off_of(doctor) -> list[tuple]:
    rows = db.session.scalars(db.select(TimeOff).filter_by(doctor_id=doctor.id).order_by(TimeOff.starts_at))
    return [(row.starts_at, row.ends_at, row.reason) for row in rows]


def status_of(slot: Slot) -> str:
    return db.session.get_one(Slot, slot.id, populate_existing=True).status


def add(doctor, first: date = THURSDAY, last: date = THURSDAY, reason: str = "Conference") -> TimeOff:
    starts_at, ends_at = clock.start_of_day(first), clock.day_bounds(last)[1]
    return services.add_time_off(doctor, starts_at=starts_at, ends_at=ends_at, reason=reason)


def test_a_day_off_is_looked_at_and_then_added(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY)

    page = send(dr_bose, reason="Conference")

    assert page.heading == "Check the time off"
    assert "Thursday 26 November 2026, all day" in page.text
    assert "1 free slot removed" in page.text
    assert time_off_of(bose) == []
    carried = page.find_form("/doctor/exceptions").values
    dr_bose.post("/doctor/exceptions", data=carried | {"do": "save"})
    assert time_off_of(bose) == [(*clock.day_bounds(THURSDAY), "Conference")]
    assert status_of(slot) == "busy-unavailable"
    assert "Time off added: Thursday 26 November 2026, all day." in dr_bose.page("doctor.exceptions").text


def test_several_days_off_are_named_by_the_first_and_the_last(dr_bose):
    page = send(dr_bose, last_day="2026-11-27")

    assert "Thursday 26 November 2026 to Friday 27 November 2026" in page.text


def test_time_off_may_be_some_hours(dr_bose, bose):
    send(dr_bose, do="save", status=303, start="10:00", end="12:30")

    starts_at, ends_at = (clock.from_clinic(THURSDAY, at) for at in (time(10), time(12, 30)))
    assert time_off_of(bose) == [(starts_at, ends_at, "")]
    assert "Thursday 26 November 2026, 10:00 to 12:30" in dr_bose.page("doctor.exceptions").text


def test_time_off_may_go_from_a_time_on_one_day_to_a_time_on_another(dr_bose):
    page = send(dr_bose, last_day="2026-11-27", start="14:00", end="09:00")

    assert "Thursday 26 November 2026, 14:00 to Friday 27 November 2026, 09:00" in page.text


@pytest.mark.parametrize("midnight", ["00:00", "24:00"])
def test_time_off_may_end_at_midnight(dr_bose, bose, midnight):
    send(dr_bose, do="save", status=303, start="14:00", end=midnight)

    assert time_off_of(bose)[0][1] == clock.day_bounds(THURSDAY)[1]


def test_who_is_booked_then_is_named_and_stays(dr_bose, bose, asha):
    visit = make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9))

    page = send(dr_bose)

    assert "1 patient is booked in this period" in page.text
    assert page.link("See it") == "#booked"
    assert page.has_link_to(dr_bose.url("doctor.appointment", appointment_id=visit.id))
    send(dr_bose, do="save", status=303)
    assert queries.get_appointment(visit.id, doctor=bose).status == "booked"
    assert "1 appointment outside your hours" in dr_bose.page("doctor.exceptions").text
    assert "Asha Rao" in dr_bose.page("doctor.unfit").text


def test_going_back_to_editing_keeps_everything(dr_bose):
    carried = send(dr_bose, start="10:00", end="11:00", reason="Dentist").find_form("/doctor/exceptions").values

    page = dr_bose.post("/doctor/exceptions", data=carried | {"do": "edit"}).page

    values = page.find_form("/doctor/exceptions").values
    assert (values["start"], values["end"], values["reason"]) == ("10:00", "11:00", "Dentist")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"first_day": ""}, "Enter the first day."),
        ({"first_day": "tomorrow"}, "Enter a day, like 26/11/2026."),
        ({"last_day": "2026-11-25"}, "The last day must be on or after the first."),
        ({"last_day": "2028-11-25"}, "Time off can last up to one year."),
        ({"first_day": "2026-11-01"}, "This is in the past."),
        ({"start": "10:00"}, "Enter an end time"),
        ({"end": "10:00"}, "Enter a start time"),
        ({"start": "10:00", "end": "10:00"}, "The end must be after the start."),
        ({"start": "10:00", "end": "09:00"}, "The end must be after the start."),
        ({"first_day": "2027-03-28", "start": "01:30", "end": "09:00"}, "01:30 doesn’t exist on that day"),
        ({"reason": "x" * 201}, "Use at most 200 characters."),
    ],
)
@pytest.mark.parametrize("do", ["check", "save"])
def test_time_off_that_cannot_be_is_refused_and_what_was_typed_is_kept(dr_bose, bose, do, change, sentence):
    page = send(dr_bose, do=do, status=422, **change)

    assert page.title.startswith("Error: ")
    assert sentence in page.text
    values = page.find_form("/doctor/exceptions").values
    assert {name: values[name] for name in change} == change
    assert time_off_of(bose) == []


def test_a_clock_change_in_the_period_is_told(dr_bose):
    page = send(dr_bose, first_day="2027-03-27", last_day="2027-03-29")

    assert "The clocks go forward on Sunday 28 March." in page.text


def test_time_off_and_closures_stand_in_one_list_in_order(dr_bose, bose):
    services.add_closure(first_day=FRIDAY, last_day=FRIDAY, name="Founders’ day")
    add(bose)
    add(bose, date(2026, 12, 24), date(2026, 12, 31), "Holiday")

    page = dr_bose.page("doctor.exceptions")

    assert page.texts(".//h3") == [
        "Thursday 26 November 2026, all day",
        "Friday 27 November 2026, all day",
        "Thursday 24 December 2026 to Thursday 31 December 2026",
    ]
    assert "Founders’ day" in page.text
    assert page.texts(".//li//button") == [
        "Remove : Thursday 26 November 2026, all day",
        "Remove : Thursday 24 December 2026 to Thursday 31 December 2026",
    ]


def test_time_off_is_removed_and_its_times_are_offered_again(dr_bose, bose):
    slot = make.slot(bose, day=THURSDAY)
    time_off = add(bose)
    assert status_of(slot) == "busy-unavailable"

    dr_bose.page("doctor.exceptions")
    dr_bose.submit("doctor.delete_time_off", time_off_id=time_off.id)

    assert time_off_of(bose) == []
    assert status_of(slot) == "free"


def test_another_doctors_time_off_is_neither_seen_nor_removed(signed_in, bose, eze):
    time_off = add(bose)
    stranger = signed_in(eze)

    assert "Conference" not in stranger.page("doctor.exceptions").text
    stranger.submit("doctor.delete_time_off", on="/doctor/exceptions", status=404, time_off_id=time_off.id)
    assert len(time_off_of(bose)) == 1
