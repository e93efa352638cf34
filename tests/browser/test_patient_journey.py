"""A newcomer finds a doctor, signs up on the way, books a time and cancels it."""

import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.browser.sites import Site
from tests.browser.windows import PHONE, REFERENCE, WIDE, Window

pytestmark = pytest.mark.browser

PEOPLE = itertools.count(1)


@pytest.fixture(
    params=[
        pytest.param((WIDE, {"by_keyboard": True}), id="wide, by keyboard"),
        pytest.param((PHONE, {}), id="phone"),
        pytest.param((PHONE, {"javascript": False}), id="phone, without JavaScript"),
    ]
)
def window(request, open_window) -> Window:
    """A window in which nobody is signed in."""
    form, habits = request.param
    return open_window(None, form, **habits)


def test_a_newcomer_books_a_time_and_cancels_it(window, site):
    find_a_doctor(window)
    look_at_another_day_and_come_back(window)
    chosen = choose_a_time(window)
    sign_up_on_the_way(window, site)
    book(window, chosen)
    cancel(window, chosen)


def find_a_doctor(window: Window) -> None:
    window.open("/")
    window.look("Book an appointment at Northgate Hospital")
    window.write("What do you need help with?", "heart")
    window.press("button", "Search")
    expect(window.page.get_by_role("status")).to_have_text("1 doctor for “heart”")
    window.look("Find a doctor")
    window.press("link", "Dr Anil Bose")
    window.look("Dr Anil Bose")


def look_at_another_day_and_come_back(window: Window) -> None:
    first = day_heading(window)
    days = window.page.get_by_role("navigation", name="Choose a day")
    names = [link.inner_text() for link in days.locator("a.day").all()]
    assert len(names) > 1, "the demo clinic has a week with several open days"
    window.hand.press(days.locator("a.day").nth(-1))
    expect(window.page.locator("#times-head")).not_to_have_text(first)
    chosen = days.locator("a.day[aria-current=date]")
    expect(chosen).to_have_count(1)
    day_id = chosen.get_attribute("id")
    assert day_id
    assert window.path.endswith(f"?day={day_id.removeprefix('day-')}"), "the address names the day"
    if window.javascript:
        assert window.focused == day_id, "the day that was pressed keeps the focus"
    window.look("Dr Anil Bose")
    window.page.go_back()
    expect(window.page.locator("#times-head")).to_have_text(first)
    window.page.go_forward()
    expect(window.page.locator("#times-head")).not_to_have_text(first)


def day_heading(window: Window) -> str:
    return window.page.locator("#times-head").inner_text()


def choose_a_time(window: Window) -> tuple[str, str]:
    """The time and the day that were chosen, as ``("10:20", "Friday 27 November")``."""
    time = window.page.locator("#times a.time").last
    at, day, name = re.fullmatch(r"(.+) on (.+) with (.+)", time.text_content().strip()).groups()
    assert name == "Dr Anil Bose"
    window.hand.press(time)
    return at, day


def sign_up_on_the_way(window: Window, site: Site) -> None:
    email = f"noor{next(PEOPLE)}@example.test"
    window.look("To book, create an account or sign in")
    window.press("link", "Create account", inside=window.page.locator("main"))
    prove_the_address(window, site, email)
    window.look("Your details")
    window.says(f"{email} is confirmed")
    window.allow(422)
    window.press("button", "Create account")
    window.look("Your details", is_error=True)
    if window.javascript:
        assert window.focused == "problem", "what is wrong is read first"
    window.write("Full name", "Noor Haddad")
    window.write("Mobile phone", "07700 900123")
    window.write("Password", "horse battery staple")
    window.press("button", "Create account")


def prove_the_address(window: Window, site: Site, email: str) -> None:
    window.look("What’s your email address?")
    window.write("Email", email)
    window.press("button", "Send me a code")
    window.look("Check your email")
    window.says(email)
    code = site.code_for(email)
    window.allow(422)
    window.write("Code", f"{(int(code) + 1) % 10**6:06}")
    window.press("button", "Continue")
    window.look("Check your email", is_error=True)
    window.write("Code", f"{code[:3]} {code[3:]}")
    window.press("button", "Continue")


def book(window: Window, chosen: tuple[str, str]) -> None:
    at, day = chosen
    window.look("Check and book")
    window.says(day)
    window.says(at)
    window.write("Reason for your visit (optional)", "My heart races at night")
    window.press("button", "Book this appointment")
    window.look("Booked")
    window.says(f"{day} 2026, {at}")
    window.says(REFERENCE)
    window.says("My heart races at night")


def cancel(window: Window, chosen: tuple[str, str]) -> None:
    window.press("link", "Your appointments")
    window.look("Your appointments")
    window.says(f"{chosen[0]} with Dr Anil Bose")
    window.press("link", "See details")
    window.look("Appointment with Dr Anil Bose")
    window.press("link", "Cancel appointment")
    window.look("Cancel this appointment?")
    window.write("Why are you cancelling? (optional)", "I feel well again")
    window.press("button", "Cancel appointment")
    window.look("Appointment with Dr Anil Bose")
    window.says("Your appointment is cancelled")
    if window.javascript:
        assert window.focused == "problem", "the news is read first"
    window.press("link", "Your appointments")
    window.look("Your appointments")
    window.says("Cancelled")
