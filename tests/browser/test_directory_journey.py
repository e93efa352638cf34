"""The filters of the directory: beside the list they count at once, on a phone they are a sheet with a button."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.windows import PHONE, WIDE


@pytest.mark.parametrize("form", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_visitor_narrows_the_list_and_takes_a_filter_away(open_window, form):
    window = open_window(None, form)
    window.open("/doctors")
    status, online = window.page.get_by_role("status"), window.page.locator("label", has_text=re.compile(r"^\s*Online"))
    everybody, few = number_in(status), number_in(online)  # tests before this one may have left doctors of their own
    assert 12 <= everybody > few >= 2
    summary = window.page.locator("#filters > summary")
    if form is PHONE:
        window.hand.press(summary)
        window.look("Find a doctor")
    window.hand.press(window.page.get_by_label(re.compile(r"^Online")))
    if form is PHONE:
        window.press("button", "Show doctors")
    expect(status).to_have_text(re.compile(rf"^{few} doctors"))
    assert window.path == "/doctors?visit=online"
    if form is WIDE:
        assert window.focused.startswith("f-in-person-or-online"), "the choice keeps the focus"
    window.look("Find a doctor")
    window.press("link", "Remove filter: Online")
    expect(status).to_have_text(re.compile(rf"^{everybody} doctors"))


def number_in(where: Locator) -> int:
    """The number that a text has, once it has one."""
    expect(where).to_have_text(re.compile(r"\d"))
    (number,) = re.findall(r"\d+", where.text_content() or "")
    return int(number)
