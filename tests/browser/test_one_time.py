"""One time is booked once: by two people at once, by an impatient one, by one who goes back and forth."""

from datetime import date, time

import pytest
from playwright.sync_api import expect

from hms.scheduling.models import AppointmentStatus
from tests.browser.sites import Account
from tests.browser.windows import PHONE, WIDE, Window

pytestmark = pytest.mark.browser

THURSDAY = date(2026, 11, 26)
TIMES = [time(8), time(9, 20), time(9, 40), time(10), time(10, 20), time(15)]


@pytest.fixture
def asha(site) -> Account:
    """Asha, a patient."""
    return site.patient("Asha Rao")


@pytest.fixture
def slots(site) -> list[str]:
    """Where the free times of a doctor are booked, in order of time."""
    times = site.offer(site.doctor("Dr Anil Bose"), day=THURSDAY, times=TIMES)
    return [f"/patient/slots/{slot_id}/book" for slot_id in times]


def open_check_page(window: Window, slot: str, reason: str = "") -> None:
    window.open(slot)
    window.write("Reason for your visit (optional)", reason)


def the_one_appointment(site, patient: Account) -> str:
    """The path of the only appointment that the patient has."""
    made = site.appointments_of(patient)
    assert [one.status for one in made] == [AppointmentStatus.BOOKED]
    return f"/patient/appointments/{made[0].id}?booked=1"


@pytest.mark.parametrize(("form", "javascript"), [(WIDE, True), (PHONE, False)], ids=["wide", "phone, no script"])
def test_of_two_browsers_one_gets_the_time_and_the_other_books_the_next_with_one_button(
    open_window, site, asha, slots, form, javascript
):
    chen = site.patient("Chen Wei")
    faster, slower = (open_window(who, form, javascript=javascript) for who in (asha, chen))
    for window in (faster, slower):
        open_check_page(window, slots[2], "A pain in my chest")
    faster.press("button", "Book this appointment")
    faster.look("Booked")
    slower.allow(409)
    slower.press("button", "Book this appointment")
    slower.look("Choose another slot", is_error=True)
    slower.says("09:40 has just been booked by someone else")
    expect(slower.page.get_by_label("Reason for your visit (optional)")).to_have_value("A pain in my chest")
    offered = slower.page.get_by_role("button", name="instead")
    expect(offered).to_have_text([f"Book Thu 26 Nov {at} instead" for at in ("09:20", "10:00", "10:20")])
    slower.press("button", "Book Thu 26 Nov 10:00 instead")
    slower.look("Booked")
    slower.says("Thursday 26 November 2026, 10:00")
    slower.says("A pain in my chest")
    the_one_appointment(site, chen)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_a_double_click_books_once(open_window, site, asha, slots, javascript):
    window = open_window(asha, WIDE, javascript=javascript)
    open_check_page(window, slots[0])
    window.page.get_by_role("button", name="Book this appointment").dblclick()
    window.look("Booked")
    assert window.path == the_one_appointment(site, asha)


def test_loading_the_confirmation_again_books_nothing_more(open_window, site, asha, slots):
    window = open_window(asha, WIDE)
    open_check_page(window, slots[0])
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.page.reload()
    window.look("Booked")
    the_one_appointment(site, asha)


def test_going_back_to_the_form_leads_to_what_was_booked(open_window, site, asha, slots):
    window = open_window(asha, WIDE)
    open_check_page(window, slots[0])
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.page.go_back()
    window.look("Booked")
    assert window.path == the_one_appointment(site, asha)


def test_the_same_form_sent_twice_leads_to_what_was_booked(open_window, site, asha, slots):
    window = open_window(asha, WIDE)
    open_check_page(window, slots[0])
    form = window.page.content()
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.page.route(f"**{slots[0]}", lambda route: route.fulfill(body=form, content_type="text/html"), times=1)
    window.open(slots[0])
    window.press("button", "Book this appointment")
    window.look("Booked")
    assert window.path == the_one_appointment(site, asha)


def test_a_second_tab_with_the_same_time_leads_to_what_was_booked(open_window, site, asha, slots):
    first, second = open_window(asha, WIDE), open_window(asha, WIDE)
    for window in (first, second):
        open_check_page(window, slots[0])
    for window in (first, second):
        window.press("button", "Book this appointment")
        window.look("Booked")
    assert first.path == second.path == the_one_appointment(site, asha)
