"""What a screen reader is told: whole names, in order, and nothing twice."""

import re
from datetime import date, time

import pytest

from tests.browser.sites import Account

pytestmark = pytest.mark.browser


@pytest.fixture
def eze(site) -> Account:
    """A doctor who has three free times on Thursday and one on Friday."""
    doctor = site.doctor("Dr Ngozi Eze")
    site.offer(doctor, day=date(2026, 11, 26), times=[time(9), time(9, 20), time(13)])
    site.offer(doctor, day=date(2026, 11, 27), times=[time(16)])
    return doctor


def test_a_day_is_called_by_its_full_name_and_how_much_is_free(open_window, eze):
    window = open_window()
    window.open(f"/doctors/{eze.id}")
    days = window.page.get_by_role("navigation", name="Choose a day").aria_snapshot()
    assert '- link "Thursday 26 November, 3 free"' in days
    assert '- link "Friday 27 November, 1 free"' in days
    assert re.search("Monday 23 November, no free slots", days)


def test_a_time_is_called_by_its_day_and_its_doctor(open_window, eze):
    window = open_window()
    window.open(f"/doctors/{eze.id}")
    times = window.page.get_by_role("region", name="Thursday 26 November, 3 free slots").aria_snapshot()
    assert '- link "09:20 on Thursday 26 November with Dr Ngozi Eze"' in times
    assert re.search('group "Morning.*"', times)
    assert re.search('group "Afternoon.*"', times)


def test_a_free_time_in_the_calendar_is_called_by_what_it_opens(open_window, eze):
    window = open_window(eze)
    window.open("/doctor/calendar")
    day = window.page.get_by_role("region", name="Thursday 26 November").aria_snapshot()
    assert '- link "09:20, Free, change or remove"' in day


def test_the_skip_link_comes_first_and_leads_to_the_main_part(open_window):
    window = open_window(by_keyboard=True)
    window.open("/")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate("document.activeElement.textContent") == "Skip to main content"
    window.page.keyboard.press("Enter")
    assert window.focused == "main"


def test_a_menu_closes_on_escape_and_gives_the_focus_back(open_window, site):
    window = open_window(site.patient("Asha Rao"))
    window.open("/patient/")
    menu = window.page.locator("header details.menu")
    menu.locator("summary").click()
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Escape")
    assert not menu.evaluate("(menu) => menu.open")
    assert window.page.evaluate("document.activeElement.tagName") == "SUMMARY"
