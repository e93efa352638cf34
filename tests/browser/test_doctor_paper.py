"""The doctor's calendar where it is pressed, and on paper: a week on one sheet that lies, a day on one that stands."""

import re
from datetime import date, time

import pytest
from playwright.sync_api import expect

from tests.browser.windows import PHONE, WIDE, Window

pytestmark = pytest.mark.browser

THURSDAY = date(2026, 11, 26)
LYING, STANDING = (842, 595), (595, 842)  # A4, in points


@pytest.fixture
def eze(site):
    """Dr Eze, with a patient at ten on Thursday and three free slots after it."""
    eze = site.doctor("Dr Ngozi Eze")
    site.book(site.patient("Asha Rao"), eze, day=THURSDAY, start=time(10), reason="A cough that stays")
    site.offer(eze, day=THURSDAY, times=[time(10, 20), time(10, 40), time(11)])
    return eze


def sheets(window: Window) -> list[tuple[int, int]]:
    """The sizes of the sheets that the page is printed on."""
    window.page.emulate_media(media="print")
    expect(window.page.locator("button:visible, .btn:visible, nav:visible")).to_have_count(0)
    paper = window.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox *\[ *0 0 ([\d.]+) ([\d.]+) *\]", paper)
    window.page.emulate_media(media="screen")
    return [(round(float(width)), round(float(height))) for width, height in boxes]


def test_a_week_is_one_sheet_and_a_day_another_without_buttons(open_window, eze):
    window = open_window(eze, WIDE)
    window.open(f"/doctor/calendar?week={THURSDAY}")
    assert sheets(window) == [LYING]
    window.open(f"/doctor/calendar?week={THURSDAY}&view=day")
    window.says("A cough that stays")
    window.press("link", "Print day sheet")
    window.look("Thursday 26 November 2026")
    assert sheets(window) == [STANDING]


def test_an_empty_place_proposes_a_slot_and_a_date_is_typed(open_window, eze):
    window = open_window(eze, WIDE)
    window.open("/doctor/calendar")
    window.page.get_by_text("Go to date").click()
    window.look("23 to 27 November 2026")
    window.write("Date", "3 Dec 2026")
    window.press("button", "Go")
    window.look("30 November to 4 December 2026")
    column = window.page.locator("#d-2026-12-03 .slots-grid")
    column.click(position={"x": 30, "y": 3})
    form = window.page.get_by_role("region", name="Add one slot")
    expect(form.get_by_label("Day")).to_have_value("03/12/2026")
    expect(form.get_by_label("Start")).to_have_value("08:00")


def test_on_a_phone_free_slots_fold(open_window, eze):
    window = open_window(eze, PHONE)
    window.open(f"/doctor/calendar?week={THURSDAY}")
    window.page.get_by_text("3 free, 10:20–11:20").click()
    window.look("23 to 27 November 2026")
    expect(window.page.get_by_role("link", name="10:40, free, change or remove")).to_be_visible()
