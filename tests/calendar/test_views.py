"""The pages around a connection: what they say, what their policy is, and the banner that leads back."""

import pytest

from hms import outbox
from hms.calendar import queries
from hms.calendar.google import http, oauth
from hms.calendar.google.errors import Later
from hms.calendar.services import connections
from hms.db import db
from hms.web.headers import CSP, csp_text
from tests.calendar.conftest import ASHA, BOSE

FORM_ACTION = "form-action"


def form_action(answer) -> str:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return policy[FORM_ACTION]


def break_it(who) -> None:
    connection = queries.find_live_connection(who.user_id)
    connections.mark_broken(connection.id, sealed=connection.refresh_token)


def test_only_the_status_page_may_lead_to_google(google, at_google, asha):
    browser = at_google(asha, ASHA).browser
    assert form_action(browser.get("/calendar/status")) == f"'self' {google.url}"
    for path in ("/patient/", "/patient/appointments", "/patient/profile", "/calendar/callback", "/no-such-page"):
        assert form_action(browser.get(path)) == "'self'"


def test_the_status_pages_policy_differs_in_nothing_else(google, at_google, asha):
    answer = at_google(asha, ASHA).browser.get("/calendar/status")
    assert answer.headers["Content-Security-Policy"] == csp_text({**CSP, FORM_ACTION: f"'self' {google.url}"})


def test_in_production_it_leads_to_googles_own_host(signed_in, asha):
    assert form_action(signed_in(asha).get("/calendar/status")) == "'self' https://accounts.google.com"


def test_the_status_page_says_everything_that_one_may_know(google, at_google, bose):
    page = at_google(bose, BOSE).connects()
    for said in (
        "Working",
        BOSE,
        "Write your appointments",
        "See when you’re busy",
        "Connected on",
        "Last sync",
        "Not yet",
    ):
        assert said in page.text
    assert page.find_form("/calendar/disconnect")


def test_the_status_page_of_a_broken_connection_says_what_happened(google, at_google, bose):
    person = at_google(bose, BOSE)
    person.connects()
    break_it(bose)
    page = person.browser.page("calendar.status")
    assert "Needs reconnecting" in page.text
    assert "perhaps within 7 days of connecting" in page.text
    assert "Your bookings are safe" in page.text


@pytest.mark.parametrize("home", ["/patient/", "/doctor/"])
def test_the_first_page_leads_back_once_a_connection_is_broken(google, at_google, asha, bose, home):
    who, email = (asha, ASHA) if home == "/patient/" else (bose, BOSE)
    person = at_google(who, email)
    person.connects()
    assert "stopped syncing" not in person.browser.get(home).page.text
    break_it(who)
    page = person.browser.get(home).page
    assert "Google Calendar has stopped syncing" in page.text
    assert page.link("Reconnect") == "/calendar/status"
    person.connects()
    assert "stopped syncing" not in person.browser.get(home).page.text


def test_the_banner_costs_one_statement_on_the_first_page_and_none_elsewhere(app, google, at_google, asha, monkeypatch):
    browser = at_google(asha, ASHA).browser
    asked = {}
    for client_id in ("", google.tokens.client_id):
        monkeypatch.setitem(app.config, "GOOGLE_CLIENT_ID", client_id)
        for path in ("/patient/", "/doctors", "/patient/appointments"):
            with browser.statements() as seen:
                browser.get(path)
            asked.setdefault(path, []).append(len(seen))
    assert {path: counts[1] - counts[0] for path, counts in asked.items()} == {
        "/patient/": 1,
        "/doctors": 0,
        "/patient/appointments": 0,
    }


def test_a_stand_in_is_called_a_demonstration(google, at_google, asha):
    assert "This clinic is connected to a stand-in" in at_google(asha, ASHA).browser.page("calendar.status").text


def test_google_itself_is_not_called_a_demonstration(app, signed_in, asha, monkeypatch):
    monkeypatch.setitem(app.config, "GOOGLE_CLIENT_ID", "clinic.apps.googleusercontent.com")
    assert "Demonstration" not in signed_in(asha).page("calendar.status").text


@pytest.mark.parametrize("news", ["made-up", "<b>", "", "connected"])
def test_news_in_the_address_are_our_own_words_or_none(google, at_google, asha, news):
    page = at_google(asha, ASHA).browser.get(f"/calendar/status?news={news}").page
    assert ("will be in your Google Calendar" in page.text) == (news == "connected")
    assert "made-up" not in page.text


def test_staff_have_no_appointments_and_no_calendar(google, signed_in, dana):
    browser = signed_in(dana)
    assert browser.get("/calendar/status").status_code == 403
    assert not browser.get("/staff").page.has_link_to("/calendar/status")


@pytest.mark.parametrize("path", ["/patient/", "/doctor/"])
def test_the_menu_leads_to_the_calendar(signed_in, asha, bose, path):
    browser = signed_in(asha if path == "/patient/" else bose)
    assert browser.get(path).page.has_link_to("/calendar/status")


def test_no_connection_of_the_database_waits_for_google(google, at_google, asha, session, monkeypatch):
    """Neither while the code is exchanged nor while the permission is taken back."""
    waited = []

    def noting(ask):
        def noted(*args, **kwargs):
            waited.append(session().in_transaction())
            return ask(*args, **kwargs)

        return noted

    monkeypatch.setattr(oauth, "_bounded", noting(oauth._bounded))
    monkeypatch.setattr(http, "ask", noting(http.ask))
    at_google(asha, ASHA).connects()
    connections.disconnect(asha.user)
    outbox.deliver_due()
    assert len(waited) >= 2
    assert not any(waited)


def test_what_was_read_before_is_let_go_of_before_google_is_asked(google, asha, session, monkeypatch):
    held = []

    def exchange(*_args, **_more):
        held.append(session().in_transaction())
        raise Later("busy")

    monkeypatch.setattr(oauth, "exchange", exchange)
    session.execute(db.text("SELECT 1"))
    assert session().in_transaction()
    with pytest.raises(Later):
        connections.link(asha.user, "4/0Acode", verifier="v", nonce="n", proved_hash="x")
    assert held == [False]
