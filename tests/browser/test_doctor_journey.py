"""A doctor offers times, changes and removes one, sees a patient, and cancels on another who reads why."""

import re
from datetime import date, time

import pytest
from playwright.sync_api import expect

from tests import make
from tests.browser.sites import Account
from tests.browser.week import a_slot
from tests.browser.windows import PHONE, WIDE, Window

pytestmark = pytest.mark.browser

TODAY, THURSDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 26), date(2026, 11, 27)
WHY = "I have to be in theatre that day, I am sorry."


@pytest.fixture(
    params=[
        pytest.param((WIDE, {}), id="wide"),
        pytest.param((PHONE, {}), id="phone"),
        pytest.param((PHONE, {"javascript": False}), id="phone, without JavaScript"),
    ]
)
def window(request, open_window) -> Window:
    """A window in which nobody is signed in."""
    form, habits = request.param
    return open_window(None, form, **habits)


@pytest.fixture
def eze(site) -> Account:
    """Dr Eze, who offers nothing but what the test offers."""
    return site.doctor("Dr Ngozi Eze")


@pytest.fixture
def chen(site) -> Account:
    """Chen, a patient."""
    return site.patient("Chen Wei")


def test_a_doctor_offers_times_sees_a_patient_and_cancels_on_another(window, open_window, site, eze, chen):
    site.book(chen, eze, day=TODAY, start=time(10), reason="A cough that stays")
    later = site.book(chen, eze, day=FRIDAY, start=time(14))
    sign_in(window, eze)
    add_a_single_time(window)
    add_a_series(window)
    look_at_the_calendar(window)
    change_a_free_time(window)
    remove_it(window)
    see_the_patient(window)
    cancel_the_other(window)
    the_patient_reads_why(open_window(chen, PHONE), f"/patient/appointments/{later}")


def sign_in(window: Window, doctor: Account) -> None:
    window.open("/login")
    window.look("Sign in")
    window.write("Email", doctor.email)
    window.write("Password", make.PASSWORD)
    window.press("button", "Sign in")
    window.look("Today, Monday 23 November")
    window.says("Chen Wei 10:00")


def add_a_single_time(window: Window) -> None:
    window.press("link", "Availability")
    window.press("link", "Extra sessions")
    window.look("Availability")
    form = window.page.get_by_role("region", name="Add one slot")
    window.write("Day", THURSDAY.isoformat(), inside=form)
    window.write("Start", "11:00", inside=form)
    window.press("button", "Add slot", inside=form)
    window.says("1 slot added")
    window.look("Availability")
    if window.javascript:
        assert window.focused == "problem", "what became of it is read first"


def add_a_series(window: Window) -> None:
    form = window.page.get_by_role("region", name="Add a session")
    for label, text in {
        "From": "09:00",
        "To": "10:00",
        "Minutes for a visit": "20",
        "First day": "2026-11-24",
        "Last day": "2026-11-26",
    }.items():
        window.write(label, text, inside=form)
    form.get_by_label("Wed", exact=True).uncheck()
    window.press("button", "Add session", inside=form)
    window.says("6 slots added")
    window.look("Availability")


def look_at_the_calendar(window: Window) -> None:
    window.press("link", "Calendar")
    for view in ("Day", "List", "Week"):
        window.press("link", view)
        expect(window.page.get_by_role("link", name=view, exact=True)).to_have_attribute("aria-current", "true")
        window.look(re.compile("November"))
    window.says("Chen Wei")


def change_a_free_time(window: Window) -> None:
    window.hand.press(a_slot(window, THURSDAY, "11:00, Free"))
    window.look("Thursday 26 November, 11:00 to 11:20")
    window.allow(422)
    window.write("Start", "11:30")
    window.write("End (optional)", "11:10")
    window.press("button", "Save the change")
    window.look("Thursday 26 November, 11:00 to 11:20", is_error=True)
    window.write("End (optional)", "11:50")
    window.press("button", "Save the change")
    window.look("Availability")
    window.says("The slot is now Thursday 26 November 2026, 11:30 to 11:50.")


def remove_it(window: Window) -> None:
    menu = window.page.locator("details.menu", has_text="11:30 to 11:50, Thursday 26 November")
    menu.locator("summary").click()
    window.look("Availability")
    window.press("button", "Remove", inside=menu)
    window.look("Availability")
    window.says("Removed: Thursday 26 November 2026, 11:30.")


def see_the_patient(window: Window) -> None:
    window.press("link", "Appointments")
    window.look("Appointments")
    window.press("link", "10:00 Chen Wei")
    window.look("Chen Wei")
    window.says("A cough that stays")
    status = window.page.get_by_role("main").locator(".head .tag")
    for button, becomes in (("Mark as arrived", "Arrived"), ("Mark as completed", "Completed"), ("Undo", "Arrived")):
        window.press("button", re.compile(f"^{button} ?: Chen Wei$"))
        expect(status).to_have_text(becomes)
        window.look("Chen Wei")


def cancel_the_other(window: Window) -> None:
    window.press("link", "Appointments", inside=window.page.get_by_role("main"))
    window.press("link", "14:00 Chen Wei")
    window.press("link", "Cancel appointment")
    window.look("Cancel this appointment?")
    window.press("button", "Cancel appointment")
    window.look("Cancel this appointment?", is_error=True)
    window.write("Reason", WHY)
    window.press("button", "Cancel appointment")
    window.look("Chen Wei")
    window.says("Appointment cancelled")


def the_patient_reads_why(window: Window, appointment: str) -> None:
    window.open(appointment)
    window.look("Appointment with Dr Ngozi Eze")
    window.says("Dr Ngozi Eze can’t see you on Friday 27 November")
    window.says(WHY)
