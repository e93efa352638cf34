"""Before a sign-in ends a page asks when, which is no activity, and whoever is there stays signed in."""

from datetime import UTC, datetime, timedelta

import pytest

EIGHT = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def at(freeze):
    """``at(20)``: it is twenty minutes past eight, and stays so."""
    return lambda minutes: freeze(EIGHT + timedelta(minutes=minutes))


def seconds(browser):
    return browser.get("/session/ends").json["seconds"]


def stay(browser, token):
    return browser.post("/session/stay", data={"csrf_token": token})


def test_asking_when_it_ends_does_not_put_it_off(at, signed_in, asha):
    at(0)
    browser = signed_in(asha)
    at(20)
    assert seconds(browser) == seconds(browser) == 600
    at(31)
    assert seconds(browser) == 0


def test_staying_signed_in_puts_it_off_until_it_is_too_late(at, signed_in, asha):
    at(0)
    browser = signed_in(asha)
    token = browser.csrf_token()
    at(29)
    assert stay(browser, token).json["seconds"] == 1800
    at(58)
    assert seconds(browser) == 60
    assert "session-ending" in browser.get("/patient/").text
    at(90)
    assert stay(browser, token).status_code == 400
    assert seconds(browser) == 0


def test_a_session_ends_after_its_hours_however_often_one_stays(app, at, signed_in, asha, monkeypatch):
    monkeypatch.setitem(app.config, "SESSION_HOURS", 1)
    at(0)
    browser = signed_in(asha)
    token = browser.csrf_token()
    at(25)
    stay(browser, token)
    at(50)
    assert stay(browser, token).json["seconds"] == 600


def test_a_stranger_has_no_session_and_no_warning(client):
    assert seconds(client) == 0
    assert "session-ending" not in client.get("/").text
