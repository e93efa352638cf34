"""The stand-in's consent page, tokens and revocation refuse what Google's would."""

import json
from datetime import timedelta

import pytest
import requests

from tests.pages import Page
from tests.standins.asking import (
    ASHA,
    REDIRECT,
    VERIFIER,
    consent_page,
    decide,
    exchange,
    post,
    renew,
    send,
)
from tests.standins.google import CLIENT_ID, CLIENT_SECRET, EVENTS, FREE_BUSY, SCOPES
from tests.waiting import GENEROUS_SECONDS


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": ...},
        {"redirect_uri": "http://localhost/elsewhere"},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": "https://evil.test/calendar/callback"},
        {"response_type": "token"},
        {"scope": ""},
        {"scope": "openid calender"},
        {"code_challenge": ...},
        {"code_challenge": VERIFIER},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ...},
        {"access_type": "forever"},
        {"prompt": "please"},
        {"code_verifier": VERIFIER},
        {"client_secret": CLIENT_SECRET},
    ],
)
def test_a_wrong_request_for_consent_ends_at_an_error_page_and_never_goes_back(google, changes):
    answer = consent_page(google, **changes)
    assert answer.status_code in (400, 401)
    assert "Access blocked" in Page(answer.text).text


def test_the_consent_page_says_what_it_is_and_has_boxes(google):
    page = Page(consent_page(google).text)
    assert "This is a stand-in on this machine, not Google" in page.text
    assert len(page.all(".//input[@type='checkbox']")) == 2


def test_a_yes_comes_back_with_a_code_and_the_state(google):
    back = decide(google)
    assert back["state"] == "the-state"
    answer = exchange(google, back["code"]).json()
    assert {"access_token", "refresh_token", "id_token", "expires_in", "scope", "token_type"} <= answer.keys()
    assert set(answer["scope"].split()) == SCOPES


def test_a_no_comes_back_as_such(google):
    back = decide(google, "deny")
    assert back == {"error": "access_denied", "state": "the-state"}


def test_a_box_that_is_not_ticked_is_not_granted(google):
    answer = exchange(google, decide(google, scopes=(FREE_BUSY,))["code"]).json()
    assert EVENTS not in answer["scope"].split()


def test_a_consent_page_is_answered_once(google):
    (form,) = Page(consent_page(google).text).forms
    assert post(google, form.path, {**form.values, "decision": "allow"}).status_code == 302
    assert post(google, form.path, {**form.values, "decision": "allow"}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "4/0Amade-up"}, "invalid_grant"),
        ({"code": ...}, "invalid_request"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": ...}, "invalid_grant"),
        ({"redirect_uri": "http://localhost/elsewhere"}, "redirect_uri_mismatch"),
        ({"redirect_uri": ...}, "invalid_request"),
        ({"client_secret": "another"}, "invalid_client"),
        ({"client_secret": ...}, "invalid_client"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ...}, "unsupported_grant_type"),
        ({"state": "the-state"}, "invalid_request"),
        ({"code": ["twice", "twice"]}, "invalid_request"),
    ],
)
def test_a_wrong_exchange_gives_no_token(google, changes, error):
    answer = exchange(google, decide(google)["code"], **changes)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error
    assert google.tokens.refresh == {}


def test_an_exchange_that_is_no_form_is_refused(google):
    body = json.dumps({"grant_type": "authorization_code", "code": decide(google)["code"]})
    headers = {"Content-Type": "application/json"}
    assert requests.post(f"{google.url}/token", data=body, headers=headers, timeout=GENEROUS_SECONDS).status_code == 400


def test_a_code_is_good_once_and_the_second_time_ends_what_it_gave(google):
    code = decide(google)["code"]
    token = exchange(google, code).json()["refresh_token"]
    assert exchange(google, code).json()["error"] == "invalid_grant"
    assert renew(google, token).json()["error"] == "invalid_grant"


def test_a_code_is_good_for_ten_minutes(google, clock):
    code = decide(google)["code"]
    clock.at += timedelta(minutes=11)
    assert exchange(google, code).json()["error"] == "invalid_grant"


def test_a_client_may_name_itself_by_basic_but_not_in_two_ways(google):
    code = decide(google)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    twice = requests.post(
        f"{google.url}/token",
        data=form | {"client_id": CLIENT_ID},
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=GENEROUS_SECONDS,
    )
    assert twice.status_code == 400
    once = requests.post(f"{google.url}/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=GENEROUS_SECONDS)
    assert once.status_code == 200


@pytest.mark.parametrize(
    "asked", [{"access_type": "online"}, {"access_type": ...}], ids=["online", "nothing said of offline"]
)
def test_without_offline_access_there_is_no_refresh_token(google, asked):
    assert "refresh_token" not in exchange(google, decide(google, **asked)["code"]).json()


def test_a_second_consent_gives_a_refresh_token_only_if_consent_was_prompted(google):
    exchange(google, decide(google)["code"])
    assert "refresh_token" not in exchange(google, decide(google, prompt=...)["code"]).json()
    assert "refresh_token" in exchange(google, decide(google)["code"]).json()


def test_renewing_gives_an_access_token_and_nothing_lasting(google):
    answer = renew(google, google.grant(ASHA)).json()
    assert answer["access_token"] in google.tokens.access
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    "change", [{"refresh_token": "1//0made-up"}, {"client_secret": "x"}, {"scope": "openid profile"}, {"code": "x"}]
)
def test_a_wrong_renewal_gives_nothing(google, change):
    assert renew(google, google.grant(ASHA), **change).status_code in (400, 401)


def test_in_testing_a_permission_ends_after_seven_days(google, clock):
    google.tokens.is_testing = True
    answer = exchange(google, decide(google)["code"]).json()
    assert answer["refresh_token_expires_in"] <= 7 * 24 * 3600
    clock.at += timedelta(days=6)
    assert renew(google, answer["refresh_token"]).status_code == 200
    clock.at += timedelta(days=1)
    assert renew(google, answer["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("which", ["refresh", "access"])
def test_revoking_one_token_ends_all_that_the_account_allowed(google, which):
    refresh, other = google.grant(ASHA), google.grant(ASHA)
    token = renew(google, refresh).json()["access_token"]
    assert post(google, "/revoke", {"token": refresh if which == "refresh" else token}).status_code == 200
    assert renew(google, other).json()["error"] == "invalid_grant"
    assert send(google, "GET", "calendars/primary/events", token=token).status_code == 401


@pytest.mark.parametrize("form", [{"token": "made-up"}, {"token": ""}, {}])
def test_a_revocation_of_nothing_is_refused(google, form):
    assert post(google, "/revoke", form).status_code == 400


@pytest.mark.parametrize("path", ["/token", "/revoke", "/o/oauth2/v2/auth/decision"])
def test_what_is_posted_is_not_got(google, path):
    assert requests.get(google.url + path, timeout=GENEROUS_SECONDS).status_code == 404
