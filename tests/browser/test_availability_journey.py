"""A doctor sets weekly hours, looks before saving, takes time off, blocks and removes single times, copies a day."""

import re
from datetime import date, time

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.sites import Account
from tests.browser.week import a_slot
from tests.browser.windows import PHONE, WIDE, Window

pytestmark = pytest.mark.browser

WEDNESDAY, THURSDAY = date(2026, 12, 2), date(2026, 12, 3)  # of the week after the Monday of all tests


@pytest.fixture(
    params=[
        pytest.param((WIDE, {}), id="wide"),
        pytest.param((PHONE, {}), id="phone"),
        pytest.param((PHONE, {"javascript": False}), id="phone, without JavaScript"),
    ]
)
def form_and_habits(request):
    """A kind of screen, and what is unusual about the browser."""
    return request.param


@pytest.fixture
def eze(site) -> Account:
    """Dr Eze, who offers nothing but what the test offers."""
    return site.doctor("Dr Ngozi Eze")


@pytest.fixture
def window(form_and_habits, open_window, eze) -> Window:
    """A window in which Dr Eze is signed in."""
    form, habits = form_and_habits
    return open_window(eze, form, **habits)


def test_a_doctor_sets_weekly_hours_and_what_is_not_as_usual(window, site, eze):
    chen = site.patient("Chen Wei")
    fill_in_monday(window)
    look_before_saving(window)
    see_them_in_the_calendar(window)
    site.book(chen, eze, day=THURSDAY, start=time(14))
    take_a_day_off(window)
    decide_about_who_is_booked(window)
    block_a_slot(window)
    offer_it_again(window)
    remove_it(window)
    copy_a_day(window)


def fill_in_monday(window: Window) -> None:
    window.open("/doctor/")
    window.press("link", "Availability")
    window.look("Availability")
    for number in (2, 1):
        window.press("button", f"Remove Monday to Friday, hours {number}")
        expect(window.page.get_by_role("group", name=f"Monday to Friday, hours {number}")).to_have_count(0)
    window.look("Availability")
    expect(day(window, "Monday to Friday")).to_contain_text("No hours")
    window.press("button", re.compile("^Add hours ?on Monday to Friday$"))
    row = window.page.get_by_role("group", name="Monday to Friday, hours 1")
    expect(row.get_by_label("From")).to_be_focused()
    window.write("To", "10am", inside=row)
    window.write("Gap (minutes)", "10", inside=row)
    row.get_by_label("Type").select_option("In person or online")
    window.press("button", "Different hours on some days")
    expect(window.page.get_by_role("group", name="Tuesday", exact=True)).to_be_visible()
    window.look("Availability")
    window.page.get_by_text("Friday", exact=True).click()
    expect(window.page.get_by_role("group", name="Friday, hours 1").get_by_label("Gap (minutes)")).to_have_value("10")


def day(window: Window, name: str) -> Locator:
    """The rows of a weekday."""
    return window.page.get_by_role("group", name=name, exact=True)


def look_before_saving(window: Window) -> None:
    window.allow(422)
    row = window.page.get_by_role("group", name="Tuesday, hours 1")
    window.write("To", "08:00", inside=row)
    check(window)
    window.look("Availability", is_error=True)
    window.says("Tuesday: the end must be after the start.")
    if window.javascript:
        assert window.focused == "problem"
    window.write("To", "10:00", inside=row)
    check(window)
    window.look("Check the changes")
    window.says("Mon to Fri")
    window.says("09:00–10:00 in person or online")
    window.press("button", "Back to editing")
    window.look("Availability")
    window.page.get_by_text("Tuesday", exact=True).click()
    expect(row.get_by_label("To")).to_have_value("10:00")
    check(window)
    window.page.get_by_text(re.compile("^Slots added: ")).click()
    window.look("Check the changes")
    window.says("Wed 2 Dec")
    window.press("button", "Save these hours")
    window.look("Availability")
    window.says("Saved.")
    window.says("From 30 November 2026")


def check(window: Window) -> None:
    window.hand.press(window.page.locator("#hours-form").get_by_role("button", name="Check the changes").last)


def see_them_in_the_calendar(window: Window) -> None:
    window.open(f"/doctor/calendar?week={WEDNESDAY}")
    window.look("30 November to 4 December 2026")
    expect(a_slot(window, WEDNESDAY, "09:30, Free, In person or online")).to_be_visible()


def take_a_day_off(window: Window) -> None:
    window.press("link", "Availability")
    window.press("link", "Time off")
    window.look("Availability")
    window.write("First day", THURSDAY.isoformat())
    window.write("Reason (optional)", "Conference in Leeds")
    window.press("button", "Check time off")
    window.look("Check the time off")
    window.says("1 patient is booked in this period")
    window.says("Thursday 3 December 2026, all day")
    window.press("button", "Add this time off")
    window.look("Availability")
    window.says("Conference in Leeds")


def decide_about_who_is_booked(window: Window) -> None:
    window.says("1 appointment outside your hours")
    window.press("link", "See appointments outside your hours")
    window.look("Appointments outside your hours")
    window.says("14:00 Chen Wei")
    window.open(f"/doctor/calendar?week={THURSDAY}")
    window.look("30 November to 4 December 2026")
    window.says("Conference in Leeds")
    expect(a_slot(window, THURSDAY, "14:00, Chen Wei")).to_be_visible()


def block_a_slot(window: Window) -> None:
    window.hand.press(a_slot(window, WEDNESDAY, "09:30, Free"))
    window.look("Wednesday 2 December, 09:30 to 09:50")
    window.press("button", "Block")
    window.look("30 November to 4 December 2026")
    window.says("Blocked: Wednesday 2 December 2026, 09:30.")


def offer_it_again(window: Window) -> None:
    window.hand.press(a_slot(window, WEDNESDAY, "09:30, Blocked"))
    window.look("Wednesday 2 December, 09:30 to 09:50")
    window.press("button", "Unblock")
    window.look("30 November to 4 December 2026")
    expect(a_slot(window, WEDNESDAY, "09:30, Free")).to_be_visible()


def remove_it(window: Window) -> None:
    window.hand.press(a_slot(window, WEDNESDAY, "09:30, Free"))
    window.press("button", "Remove")
    window.look("Availability")
    window.says("Removed: Wednesday 2 December 2026, 09:30.")


def copy_a_day(window: Window) -> None:
    window.open(f"/doctor/calendar?week={WEDNESDAY}")
    window.press("link", re.compile("^Copy ?the times of Wednesday 2 December to other days$"))
    window.look("Copy Wednesday 2 December")
    window.press("button", "Copy to these days")
    window.look("Copy Wednesday 2 December", is_error=True)
    window.page.get_by_label("Sat 5 Dec").check()
    window.press("button", "Copy to these days")
    window.look("30 November to 5 December 2026")
    window.says("1 slot added on 1 day.")
    expect(a_slot(window, date(2026, 12, 5), "09:00, Free")).to_be_visible()


def test_weekly_hours_are_set_by_keyboard_alone(open_window, eze):
    window = open_window(eze, WIDE, by_keyboard=True)
    window.open("/doctor/hours/new")
    row = window.page.get_by_role("group", name="Monday to Friday, hours 1")
    window.write("Visit (minutes)", "30", inside=row)
    window.page.keyboard.press("Enter")
    window.look("Check the changes")
    window.press("button", "Save these hours")
    window.look("Availability")
    window.says("Saved.")


def test_hours_end_after_a_look_at_what_goes(open_window, eze):
    window = open_window(eze)
    window.open("/doctor/hours/new")
    check(window)
    window.press("button", "Save these hours")
    window.press("link", re.compile("^End ?: From 30 November 2026$"))
    window.look("End these hours")
    window.write("Last day", "2026-12-11")
    window.press("button", "Preview the change")
    window.look("End these hours")
    window.press("button", "End these hours")
    window.look("Availability")
    window.press("link", re.compile("^Delete ?: 30 November 2026 to 11 December 2026$"))
    window.look("Delete these hours?")
    window.press("button", "Delete these hours")
    window.look("Availability")
    window.says("Hours deleted.")
