"""The week of a doctor as it is read from the calendar, on a screen of any kind."""

import re
from datetime import date

from playwright.sync_api import Locator, expect

from tests.browser.windows import Window


def a_slot(window: Window, on: date, name: str) -> Locator:
    """A slot of the calendar that is looked at, by the beginning of what it is called.

    Free ones in a row are one line on a phone: that is opened first.
    """
    day = window.page.locator(f"#d-{on}")
    expect(day).to_be_visible()
    for line in day.locator(".ev-fold details:not([open]) > summary").all():
        if line.is_visible():
            line.click()
    return day.get_by_role("link", name=re.compile(f"^{name}", re.IGNORECASE))
