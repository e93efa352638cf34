"""Connecting a calendar in a real browser: the policy lets the one form through to the consent page, and no other."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from hms import clock
from hms.auth import queries as people
from hms.calendar import queries
from hms.calendar.services import connections
from tests import make
from tests.browser.sites import Site
from tests.browser.sites import served as serve
from tests.browser.windows import PHONE, WIDE, Window
from tests.standins.google import Google, served

pytestmark = pytest.mark.browser

BACK = re.compile(r"/calendar/status\?news=\w+")
HERS = "asha.rao@gmail.test"


@pytest.fixture(scope="module")
def google() -> Iterator[Google]:
    """A Google with an account of Asha's; its clock is the clinic's."""
    with served(now=lambda: clock.now()) as google:
        google.add_account(HERS)
        yield google


@pytest.fixture(scope="module")
def linked_site(migrated_database, new_app, steady_world, google) -> Iterator[Site]:
    """A clinic that is set up with that Google."""
    with serve(lambda url: new_app(migrated_database(), PUBLIC_URL=url, **google.settings())) as site:
        google.redirect_uris.add(f"{site.url}/calendar/callback")
        yield site


def only_google_was_asked(window: Window, google: Google) -> None:
    """Forget that the browser went to Google, which is what it was to do; whatever else was wrong stays."""
    window.faults[:] = [fault for fault in window.faults if not fault.startswith(f"asked another host: {google.url}/")]


def give_the_password(window: Window, form: str) -> None:
    """Both forms of the page ask for it."""
    window.write("Your password", make.PASSWORD, inside=window.page.locator(f"form:has(#{form}-password)"))


def consent(window: Window, google: Google, decision: str = "Allow") -> None:
    """Decide at the consent page and come back."""
    expect(window.page.get_by_role("heading", level=1)).to_have_text("The clinic wants access to your Google account")
    assert window.page.url.startswith(google.url)
    window.page.get_by_role("button", name=decision).click()
    expect(window.page).to_have_url(BACK)
    only_google_was_asked(window, google)


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("by_keyboard", [True, False], ids=["by keyboard", "by pointer"])
def test_a_patient_connects_a_calendar_and_lets_go_of_it(open_window, linked_site, google, javascript, by_keyboard):
    asha = linked_site.patient("Asha Rao")
    window = open_window(asha, WIDE, PHONE, at=linked_site, javascript=javascript, by_keyboard=by_keyboard)
    window.open("/calendar/status")
    window.look("Calendar sync")
    give_the_password(window, "connect")
    window.press("button", "Connect Google Calendar")
    consent(window, google)
    window.look("Calendar sync")
    window.says("Your appointments will be in your Google Calendar")
    window.says(HERS)
    window.press("button", "Disconnect")
    window.look("Calendar sync")
    window.says("We won’t add anything else to your Google Calendar")


def test_a_no_at_google_leads_back(open_window, linked_site, google):
    window = open_window(linked_site.patient("Chen Wei"), at=linked_site)
    window.open("/calendar/status")
    give_the_password(window, "connect")
    window.press("button", "Connect Google Calendar")
    consent(window, google, "Deny")
    window.look("Calendar sync")
    window.says("You didn’t give permission at Google")


def test_a_doctor_is_led_from_the_first_page_to_connecting_again(open_window, linked_site, google):
    bose = linked_site.doctor("Dr Anil Bose")
    window = open_window(bose, at=linked_site)
    window.open("/calendar/status")
    give_the_password(window, "connect")
    window.press("button", "Connect Google Calendar")
    consent(window, google)
    with linked_site.app.app_context():
        connection = queries.find_live_connection(people.find_user_by_email(bose.email).id)
        connections.mark_broken(connection.id, sealed=connection.refresh_token)
    window.open("/doctor/")
    window.look(re.compile(r"\w+day"))
    window.says("Google Calendar has stopped syncing")
    window.press("link", "Reconnect your Google Calendar")
    window.look("Calendar sync")
    window.says("Needs reconnecting")
    give_the_password(window, "connect")
    window.press("button", "Reconnect")
    consent(window, google)
    window.look("Calendar sync")
    window.says("Working")


@pytest.mark.parametrize("path", ["/patient/", "/patient/profile", "/doctors"])
def test_from_any_other_page_the_browser_does_not_go_there(open_window, linked_site, google, path):
    """The same form, on a page whose policy is the common one: Chromium stops it, and says why."""
    window = open_window(linked_site.patient("Dee Fox"), at=linked_site)
    window.open("/calendar/status")
    token = window.page.locator("form[action='/calendar/connect'] [name=csrf_token]").get_attribute("value")
    window.open(path)
    seen = len(google.calls("auth"))
    with window.page.expect_console_message(lambda said: "form-action" in said.text):
        window.page.evaluate(
            """(token) => {
                const form = document.createElement("form");
                form.method = "post";
                form.action = "/calendar/connect";
                const field = form.appendChild(document.createElement("input"));
                field.name = "csrf_token";
                field.value = token;
                const password = form.appendChild(document.createElement("input"));
                password.name = "password";
                password.value = "a-passphrase-for-tests";
                document.body.appendChild(form).submit();
            }""",
            token,
        )
    assert window.path == path
    assert len(google.calls("auth")) == seen
    window.faults.clear()


def test_the_page_of_a_clinic_without_google_says_so(open_window, site):
    window = open_window(site.patient("Eve Long"))
    window.open("/calendar/status")
    window.look("Calendar sync")
    window.says("Calendar sync is off at this clinic")


def test_the_address_of_the_private_feed_fits_on_a_phone(open_window, linked_site):
    window = open_window(linked_site.patient("Fay Hill"), PHONE, WIDE, at=linked_site)
    window.open("/calendar/status")
    give_the_password(window, "feed")
    window.press("button", "Make an address")
    window.says("Copy this address now")
    window.look("Calendar sync")
