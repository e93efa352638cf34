"""The staff's overview, the list of all doctors, and *why is there no time?*"""

from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest

from hms.auth import services as auth
from hms.availability import services
from tests import make
from tests.booking_page import block, offer_as, open_times

MONDAY, TUESDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 26)


@pytest.fixture
def reception(signed_in, rita):
    """The receptionist's browser."""
    return signed_in(rita)


def rows(page) -> list[list[str]]:
    """The lines of the day: when, what patients are shown, why."""
    return [[page_words(cell) for cell in row] for row in page.all(".//tbody/tr")]


def page_words(cell) -> str:
    return " ".join("".join(cell.itertext()).split())


# ---- the overview


def test_the_overview_counts_the_day_of_the_whole_clinic(reception, asha, chen, bose, eze):
    make.appointment(asha, doctor=bose, day=MONDAY, start=time(7))
    make.appointment(chen, doctor=eze, day=MONDAY, start=time(15))
    make.appointment(asha, doctor=eze, day=MONDAY, start=time(16), status="cancelled")
    open_times(bose, MONDAY, time(10), time(11))
    open_times(bose, TUESDAY, time(10))
    block(make.slot(bose, day=MONDAY, start=time(12)))
    make.doctor("Dr Penny Pending", is_approved=False)
    page = reception.page("staff.overview")
    numbers = dict(
        zip(page.texts(".//dl[@class='stats']/div/dt"), page.texts(".//dl[@class='stats']/div/dd"), strict=True)
    )
    assert numbers == {
        "Visits": "2 all doctors",
        "Still to see": "1",
        "Free slots": "3 until midnight",
        "Doctors to approve": "1",
    }
    assert "1 doctor waiting for approval" in page.text


def test_the_overview_leads_to_everything_and_names_the_next_closure(reception):
    closure = services.add_closure(first_day=date(2026, 12, 25), last_day=date(2026, 12, 25), name="Christmas").closure
    page = reception.page("staff.overview")
    for path in ("/staff/doctors", "/staff/closures", "/staff/policies", "/doctors"):
        assert page.has_link_to(path)
    assert page.link("Fri 25 Dec: Christmas") == f"/staff/closures/{closure.id}"


def test_the_overview_and_the_list_ask_little_however_many_doctors_there_are(reception):
    for _ in range(6):
        make.slot(make.doctor())
    badge = 1  # in the menu: how many doctors wait for approval
    for path, own in (("/staff", 5), ("/staff/doctors", 2), ("/staff/policies", 3), ("/staff/closures", 2)):
        with reception.statements() as seen:
            assert reception.get(path).status_code == 200
        assert len(seen) <= own + badge, path


# ---- all doctors


def test_all_doctors_are_listed_with_their_state_those_who_wait_first(reception, bose, eze):
    make.doctor("Dr Zoe Waits", is_approved=False)
    auth.deactivate(eze.user.email)
    services.set_doctor_rules(bose.id, gap_minutes=5)
    page = reception.page("staff.doctors")
    assert page.texts(".//li/div[1]/h2") == ["Dr Zoe Waits", "Dr Anil Bose", "Dr Ngozi Eze"]
    states = [text for text in page.texts(".//li/p") if text]
    assert states[-3:] == ["Waiting for approval", "Patients can book Own rules", "Account closed"]
    assert page.link("Dr Anil Bose") == f"/staff/doctors/{bose.id}/times"


def test_a_part_of_the_name_finds_a_doctor_and_a_name_that_nobody_has_says_so(reception, bose, eze):
    assert reception.page("staff.doctors", q="bos").texts(".//li/div[1]/h2") == ["Dr Anil Bose"]
    assert reception.page("staff.doctors", q="bos", page=9).texts(".//li/div[1]/h2") == ["Dr Anil Bose"]
    page = reception.page("staff.doctors", q="Nobody")
    assert "No results for “Nobody”" in page.text
    assert page.has_link_to("/staff/doctors")


def test_only_an_administrator_is_offered_what_changes_rules(reception, signed_in, dana, bose):
    path = f"/staff/doctors/{bose.id}/policy"
    assert not reception.page("staff.doctors").has_link_to(path)
    assert signed_in(dana).page("staff.doctors").has_link_to(path)
    assert reception.get(path).status_code == 403


# ---- why is there no time?


def test_a_day_shows_what_can_be_booked_and_why_nothing_else(reception, asha, bose):
    open_times(bose, THURSDAY, time(9), time(9, 20))
    make.appointment(asha, doctor=bose, day=THURSDAY, start=time(9, 40))
    block(make.slot(bose, day=THURSDAY, start=time(10)))
    offer_as(make.slot(bose, day=THURSDAY, start=time(11)), "both")
    page = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26")
    assert rows(page) == [
        ["00:00 to 09:00", "Hidden", "No weekly hours are set"],
        ["09:00 to 09:20", "Offered", "In person"],
        ["09:20 to 09:40", "Offered", "In person"],
        ["09:40 to 10:00", "Booked", "Booked"],
        ["10:00 to 10:20", "Hidden", "Blocked by the doctor"],
        ["10:20 to 11:00", "Hidden", "No weekly hours are set"],
        ["11:00 to 11:20", "Offered", "In person or online"],
        ["11:20 to 00:00", "Hidden", "No weekly hours are set"],
    ]
    assert "3 slots can be booked on this day." in page.text
    assert "Asha" not in page.text


def test_a_day_that_is_one_stretch_is_called_all_day(reception, bose):
    page = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26")
    assert rows(page) == [["All day", "Hidden", "No weekly hours are set"]]


def test_the_rules_are_reasons(reception, bose, freeze):
    open_times(bose, THURSDAY, time(9))
    open_times(bose, date(2027, 1, 23), time(9))
    freeze(datetime(2026, 11, 26, 8, 30, tzinfo=UTC))
    freeze(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    services.set_doctor_rules(bose.id, minimum_notice_minutes=7 * 24 * 60)
    page = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26")
    assert ["09:00 to 09:20", "Hidden", "Starts in less than 7 days"] in rows(page)
    assert "0 slots can be booked on this day." in page.text
    far = reception.page("staff.times", doctor_id=bose.id, day="2027-01-23")
    assert ["09:00 to 09:20", "Hidden", "More than 60 days ahead"] in rows(far)


def test_a_clinic_without_minimum_notice_says_when_booking_ends(reception, bose):
    services.set_clinic_rules(minimum_notice_minutes=0)
    text = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26").text
    assert "patients can book until the visit starts, up to 60 days ahead" in text


def test_a_closed_day_names_its_closure(reception, bose):
    make.slot(bose, day=THURSDAY)
    services.add_closure(first_day=THURSDAY, last_day=THURSDAY, name="Founders’ Day")
    page = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26")
    assert ["09:00 to 09:20", "Hidden", "The clinic is closed: Founders’ Day"] in rows(page)


def test_a_doctor_whom_patients_cannot_find_is_explained_too(reception, pending, eze):
    page = reception.page("staff.times", doctor_id=pending.id, day="2026-11-26")
    assert "Waiting for approval" in page.text
    assert ["09:00 to 09:20", "Hidden", "The doctor is waiting for approval"] in rows(page)
    assert not page.has_link_to(f"/doctors/{pending.id}?day=2026-11-26")
    make.slot(eze, day=THURSDAY)
    auth.deactivate(eze.user.email)
    page = reception.page("staff.times", doctor_id=eze.id, day="2026-11-26")
    assert "This doctor’s account is closed" in page.text
    assert "0 slots can be booked" in page.text


def test_days_lead_to_each_other(reception, bose):
    page = reception.page("staff.times", doctor_id=bose.id, day="2026-11-26")
    assert page.link("Previous day") == f"/staff/doctors/{bose.id}/times?day=2026-11-25"
    assert page.link("Next day") == f"/staff/doctors/{bose.id}/times?day=2026-11-27"
    assert page.link("See the patients’ page") == f"/doctors/{bose.id}?day=2026-11-26"


@pytest.mark.parametrize("day", ["", "x", "2026-02-30", "1999-12-31", "2100-01-01", "²026-11-26"])
def test_a_day_that_is_none_is_today(reception, bose, day):
    assert "Today, Monday 23 November" in reception.page("staff.times", doctor_id=bose.id, day=day).texts(".//h2")


@pytest.mark.parametrize("day", ["2000-01-01", "2099-12-31", "2026-11-22"])
def test_any_day_of_the_calendar_can_be_asked_about(reception, bose, day):
    assert rows(reception.page("staff.times", doctor_id=bose.id, day=day))


def test_a_day_on_which_the_clocks_change_says_so(reception, bose):
    text = reception.page("staff.times", doctor_id=bose.id, day="2027-03-28").text
    assert "The clocks go forward on Sunday 28 March." in text


def test_a_doctor_who_does_not_exist_is_not_found(reception):
    reception.page("staff.times", doctor_id=uuid4(), status=404)


@pytest.mark.parametrize("who", ["asha", "bose"])
def test_nobody_else_comes_in(signed_in, client, request, bose, who):
    paths = ("/staff", "/staff/doctors", f"/staff/doctors/{bose.id}/times", "/staff/closures", "/staff/policies")
    stranger = signed_in(request.getfixturevalue(who))
    assert {stranger.get(path).status_code for path in paths} == {403}
    assert {client.get(path).status_code for path in paths} == {302}


@pytest.mark.parametrize("text", ["26/11/2026", "26 Nov 2026", "2026-11-26"])
def test_the_day_to_look_at_is_typed_as_people_write_it(reception, bose, text):
    page = reception.page("staff.times", doctor_id=bose.id, day=text)

    assert "Thursday 26 November" in page.text
    assert [field.get("value") for field in page.all(".//input[@id='day']")] == ["26/11/2026"]


@pytest.mark.parametrize("text", ["26/11", "nonsense", "26/11/1999", "x" * 5000])
def test_a_day_that_cannot_be_read_is_said_to_be_none(reception, bose, text):
    page = reception.page("staff.times", doctor_id=bose.id, day=text)

    assert "Enter a day, like 26/11/2026. This is today." in page.text
    assert page.heading == "Availability check"
    assert "Today, Monday 23 November" in page.text
