"""How often a doctor has to press for what is done most, and that no page is loaded for a mark."""

from datetime import date, time

import pytest
from playwright.sync_api import expect

from tests.browser.windows import WIDE, Hand

pytestmark = pytest.mark.browser

TODAY = date(2026, 11, 23)


class Counting(Hand):
    """Counts what is pressed."""

    pressed = 0

    def press(self, what) -> None:
        """Press, and count."""
        self.pressed += 1
        super().press(what)


def test_usual_weekly_hours_take_three_clicks_and_a_mark_takes_one_and_no_page(open_window, site):
    asha, femi = site.patient("Asha Rao"), site.doctor("Dr Femi Ade")
    window = open_window(femi, WIDE)
    window.hand = hand = Counting()
    window.open("/doctor/")
    window.press("link", "Set your weekly hours")
    hand.press(window.page.locator("#hours-form").get_by_role("button", name="Check the changes").last)
    window.press("button", "Save these hours")
    window.says("Saved.")
    assert hand.pressed == 3

    site.book(asha, femi, day=TODAY, start=time(8))
    window.open("/doctor/")
    loaded = []
    window.page.on("load", lambda page: loaded.append(page.url))
    window.press("button", "Mark as arrived : Asha Rao")
    window.says("Asha Rao is marked as arrived.")
    assert (hand.pressed, window.focused, loaded) == (4, "marked", [])
    window.look("Today, Monday 23 November")
    window.press("button", "Undo : Asha Rao")
    window.says("The mark is removed. Asha Rao is confirmed again.")
    assert loaded == []
    expect(window.page.get_by_role("button", name="Mark as arrived : Asha Rao")).to_be_visible()
