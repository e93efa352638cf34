"""Extra sessions: their kind of visit, blocking and opening them again, and copying a day's times to others."""

from datetime import date, time, timedelta

import pytest

from hms import clock
from hms.availability import services
from hms.availability.models import Slot
from hms.db import db
from tests import make

MONDAY = date(2026, 11, 23)  # the tests' clock starts on it at 08:00, in London
THURSDAY = date(2026, 11, 26)
FRIDAY = date(2026, 11, 27)
SATURDAY = date(2026, 11, 28)


@pytest.fixture
def dr_bose(signed_in, bose):
    """A browser in which Dr Bose is signed in."""
    return signed_in(bose)


@pytest.fixture
def slot(bose) -> Slot:
    """Thursday 26 November, 09:00 to 09:20."""
    return make.slot(bose, day=THURSDAY)


def now(slot: Slot) -> Slot:
    """The slot as it is stored now."""
    return db.session.get_one(Slot, slot.id, populate_existing=True)


def starts_on(doctor, day: date) -> list[str]:
    begin, end = clock.day_bounds(day)
    found = db.select(Slot).where(Slot.doctor_id == doctor.id, Slot.starts_at >= begin, Slot.starts_at < end)
    return [f"{clock.to_clinic(slot.starts_at):%H:%M}" for slot in db.session.scalars(found.order_by(Slot.starts_at))]


def press(browser, endpoint: str, *, status: int = 303, **values):
    """Send an act whose button is not on the page (any more)."""
    token = browser.page("doctor.slots").csrf_token
    answer = browser.post(browser.url(endpoint, **values), data={"csrf_token": token})
    assert answer.status_code == status
    return answer


# the kind of visit


@pytest.mark.parametrize("mode", ["in-person", "online", "both"])
def test_a_single_time_has_the_kind_that_was_chosen(dr_bose, bose, mode):
    dr_bose.submit("doctor.slots", {"day": "2026-11-26", "start": "09:00", "mode": mode})

    assert [slot.mode for slot in db.session.scalars(db.select(Slot))] == [mode]


def test_a_series_has_the_kind_that_was_chosen(dr_bose):
    series = {"first_day": "2026-11-26", "last_day": "2026-11-26", "weekdays": ["3"], "mode": "online"}
    dr_bose.submit("doctor.series", series | {"start": "09:00", "end": "10:00"}, on="/doctor/slots")

    assert {slot.mode for slot in db.session.scalars(db.select(Slot))} == {"online"}


def test_a_kind_that_is_none_is_refused(dr_bose):
    data = {"csrf_token": dr_bose.csrf_token(), "day": "2026-11-26", "start": "09:00", "mode": "telepathy"}

    answer = dr_bose.post("/doctor/slots", data=data)

    assert answer.status_code == 422
    assert "Choose in person, online, or both." in answer.page.text


def test_the_kind_of_a_time_is_changed(dr_bose, slot):
    dr_bose.submit("doctor.slot", {"mode": "both"}, slot_id=slot.id)

    assert now(slot).mode == "both"
    assert "In person or online" in dr_bose.page("doctor.slot", slot_id=slot.id).text


# a day that the calendar leads to


def test_a_day_of_the_calendar_is_filled_in_with_the_time_after_its_last(dr_bose, slot):
    values = dr_bose.page("doctor.slots", day=THURSDAY.isoformat()).find_form("/doctor/slots").values

    assert (values["day"], values["start"]) == ("26/11/2026", "09:20")


def test_an_empty_day_of_the_calendar_starts_at_nine(dr_bose):
    values = dr_bose.page("doctor.slots", day=FRIDAY.isoformat()).find_form("/doctor/slots").values

    assert (values["day"], values["start"]) == ("27/11/2026", "09:00")


@pytest.mark.parametrize("day", ["nonsense", "1999-12-31", "2100-01-01", ""])
def test_a_day_that_is_none_is_passed_over(dr_bose, day):
    assert dr_bose.page("doctor.slots", day=day).find_form("/doctor/slots").values["day"] == "24/11/2026"


# blocking


def test_a_free_time_is_blocked_and_offered_again(dr_bose, slot):
    dr_bose.page("doctor.slot", slot_id=slot.id)
    answer = dr_bose.submit("doctor.block_slot", slot_id=slot.id)

    assert (now(slot).status, now(slot).blocked_by) == ("busy-unavailable", "doctor")
    page = dr_bose.get(answer.location).page
    assert "Blocked: Thursday 26 November 2026, 09:00." in page.text
    assert page.has_link_to(dr_bose.url("doctor.slot", slot_id=slot.id))

    page = dr_bose.page("doctor.slot", slot_id=slot.id)
    assert "You’ve blocked this slot" in page.text
    answer = dr_bose.submit("doctor.unblock_slot", slot_id=slot.id)
    assert (now(slot).status, now(slot).blocked_by) == ("free", None)
    assert "Unblocked: Thursday 26 November 2026, 09:00." in dr_bose.get(answer.location).page.text


def test_a_blocked_time_is_removed(dr_bose, slot, bose):
    services.block_slot(slot.id, doctor=bose)

    dr_bose.page("doctor.slot", slot_id=slot.id)
    dr_bose.submit("doctor.delete_slot", slot_id=slot.id)

    assert starts_on(bose, THURSDAY) == []


def test_a_booked_time_is_neither_blocked_nor_unblocked(dr_bose, asha, bose, slot):
    make.appointment(asha, doctor=bose, slot=slot)

    press(dr_bose, "doctor.block_slot", status=409, slot_id=slot.id)
    press(dr_bose, "doctor.unblock_slot", status=409, slot_id=slot.id)

    assert now(slot).status == "busy"


def test_what_time_off_hides_is_not_unblocked_and_its_page_says_why(dr_bose, bose, slot):
    starts_at, ends_at = clock.day_bounds(THURSDAY)
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)

    page = dr_bose.page("doctor.slot", slot_id=slot.id)

    assert "Time off" in page.text
    assert page.has_link_to(dr_bose.url("doctor.exceptions"))
    press(dr_bose, "doctor.unblock_slot", status=409, slot_id=slot.id)
    assert now(slot).blocked_by == "time-off"


def test_a_time_that_was_blocked_before_the_time_off_stays_hidden_when_it_is_opened(dr_bose, bose, slot):
    services.block_slot(slot.id, doctor=bose)
    starts_at, ends_at = clock.day_bounds(THURSDAY)
    services.add_time_off(bose, starts_at=starts_at, ends_at=ends_at)

    answer = press(dr_bose, "doctor.unblock_slot", slot_id=slot.id)

    assert "Unblocked, but patients can’t book it yet (time off)" in dr_bose.get(answer.location).page.text


@pytest.mark.parametrize("endpoint", ["doctor.block_slot", "doctor.unblock_slot"])
def test_another_doctors_time_is_not_there_to_block(signed_in, eze, slot, endpoint):
    press(signed_in(eze), endpoint, status=404, slot_id=slot.id)

    assert now(slot).status == "free"


# copying a day


def copy(browser, *days: str, day: str = "2026-11-26", status: int = 303):
    """Copy Thursday to these days."""
    data = {"csrf_token": browser.csrf_token(), "to_days": list(days)}
    answer = browser.post(f"/doctor/calendar/{day}/copy", data=data)
    assert answer.status_code == status, answer.text[:1000]
    return answer


def test_copies_into_a_closure_are_told_to_be_kept_from_patients(dr_bose, bose, slot):
    services.add_closure(first_day=SATURDAY, last_day=SATURDAY, name="Works")

    page = dr_bose.get(copy(dr_bose, "2026-11-27", "2026-11-28").location).page

    assert "2 slots added on 2 days. 1 slot hidden from patients" in page.text


def test_a_day_is_copied_to_others_and_the_calendar_says_what_was_added(dr_bose, bose, slot):
    make.slot(bose, day=THURSDAY, start=time(14))
    make.slot(bose, day=FRIDAY, start=time(9, 10))

    page = dr_bose.page("doctor.copy_day", day="2026-11-26")
    assert page.heading == "Copy Thursday 26 November"
    assert "09:00 to 09:20" in page.text
    answer = copy(dr_bose, "2026-11-27", "2026-11-28")

    assert starts_on(bose, FRIDAY) == ["09:10", "14:00"]
    assert starts_on(bose, SATURDAY) == ["09:00", "14:00"]
    page = dr_bose.get(answer.location).page
    assert "3 slots added on 2 days. 1 slot left out because you already have a slot then." in page.text


def test_what_is_booked_on_the_day_is_offered_on_the_others(dr_bose, bose, asha, slot):
    make.appointment(asha, doctor=bose, slot=slot)

    copy(dr_bose, "2026-11-27")

    assert starts_on(bose, FRIDAY) == ["09:00"]


def test_blocked_times_are_not_among_those_to_copy(dr_bose, bose, slot):
    services.block_slot(slot.id, doctor=bose)

    assert "No slots on this day" in dr_bose.page("doctor.copy_day", day="2026-11-26").text


def test_times_that_are_past_are_left_out(dr_bose, bose):
    make.slot(bose, day=THURSDAY, start=time(7))

    answer = copy(dr_bose, "2026-11-23")

    assert "1 slot left out because they’re in the past." in dr_bose.get(answer.location).page.text
    assert starts_on(bose, MONDAY) == []


def test_a_time_that_the_clocks_skip_on_another_day_is_left_out_and_named_and_the_others_are_copied(
    signed_in, bose, freeze
):
    freeze(clock.from_clinic(date(2027, 3, 22), time(9)))
    make.slot(bose, day=date(2027, 3, 27), start=time(1, 30))
    make.slot(bose, day=date(2027, 3, 27), start=time(2, 30))
    dr_bose = signed_in(bose)

    answer = copy(dr_bose, "2027-03-28", day="2027-03-27")

    page = dr_bose.get(answer.location).page
    assert (
        "01:30 doesn’t exist on that day because the clocks go forward. Left out on Sunday 28 March 2027." in page.text
    )
    assert starts_on(bose, date(2027, 3, 28)) == ["02:30"]


def test_days_to_copy_to_are_those_of_five_weeks_from_today_on(dr_bose, slot):
    page = dr_bose.page("doctor.copy_day", day="2026-11-26")

    days = [box.get("value") for box in page.all(".//input[@name='to_days']")]
    expected = [MONDAY + timedelta(days=n) for n in range(35)]
    assert days == [day.isoformat() for day in expected if day != THURSDAY]


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ([], "Choose at least one day."),
        (["nonsense"], "Choose days from the list."),
        (["2026-11-22"], "Choose days from the list."),
        (["2026-11-26"], "Choose days from the list."),
        (["2027-11-26"], "Choose days from the list."),
    ],
)
def test_days_that_cannot_be_are_refused(dr_bose, bose, slot, days, sentence):
    page = copy(dr_bose, *days, status=422).page

    assert page.title.startswith("Error: ")
    assert sentence in page.text
    assert len(list(db.session.scalars(db.select(Slot)))) == 1


@pytest.mark.parametrize("day", ["nonsense", "2026-02-30", "20261126", "1999-12-31", "2099-12-31", "2026-11-26T09:00"])
def test_a_day_that_is_none_is_not_there(dr_bose, day):
    assert dr_bose.get(f"/doctor/calendar/{day}/copy").status_code == 404


def test_another_doctors_day_is_not_copied(signed_in, eze, bose, slot):
    stranger = signed_in(eze)

    assert "No slots on this day" in stranger.page("doctor.copy_day", day="2026-11-26").text
    copy(stranger, "2026-11-27", status=422)
    assert starts_on(bose, FRIDAY) == []
