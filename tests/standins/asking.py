"""Requests as a client, or somebody at a browser, sends them to the stand-in."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.pages import Page
from tests.standins.google import CLIENT_ID, CLIENT_SECRET, EVENTS, FREE_BUSY, SCOPES, Google
from tests.standins.google.accounts import challenge_of
from tests.waiting import GENEROUS_SECONDS

ASHA = "asha@gmail.test"
REDIRECT = "http://localhost/calendar/callback"
VERIFIER = "v" * 64
NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "id": "abcde12345",
    "summary": "Appointment",
    "start": {"dateTime": "2026-11-26T09:00:00Z", "timeZone": "Europe/London"},
    "end": {"dateTime": "2026-11-26T09:20:00Z", "timeZone": "Europe/London"},
    "visibility": "private",
    "extendedProperties": {"private": {"hms": "1"}},
}
ASKED = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": f"openid email {EVENTS} {FREE_BUSY}",
    "state": "the-state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "access_type": "offline",
    "prompt": "consent",
    "nonce": "the-nonce",
}


def send(google: Google, verb: str, path: str, body: Any = None, *, token: str | None = "", **headers: str):
    """One request to the Calendar API, by default with a good token."""
    if token == "":
        token = access(google)
    given = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if data is not None else {}
    url = f"{google.url}/calendar/v3/{path}"
    return requests.request(
        verb, url, data=data, headers={**given, **kind, **headers}, timeout=GENEROUS_SECONDS, allow_redirects=False
    )


def access(google: Google, scopes: frozenset[str] = SCOPES) -> str:
    """A good access token."""
    return renew(google, google.grant(ASHA, scopes)).json()["access_token"]


def renew(google: Google, refresh_token: str, /, **more: str):
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return post(google, "/token", form | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | more)


def post(google: Google, path: str, form: dict[str, Any], **headers: str):
    return requests.post(google.url + path, data=form, headers=headers, timeout=GENEROUS_SECONDS, allow_redirects=False)


def reason(answer) -> str:
    return answer.json()["error"]["errors"][0]["reason"]


def insert(google: Google, **changes: Any):
    body = {name: value for name, value in (EVENT | changes).items() if value is not ...}
    return send(google, "POST", "calendars/primary/events", body)


def consent_page(google: Google, **changes: Any):
    query = {name: value for name, value in (ASKED | changes).items() if value is not ...}
    return requests.get(
        f"{google.url}/o/oauth2/v2/auth?{urlencode(query)}", timeout=GENEROUS_SECONDS, allow_redirects=False
    )


def decide(
    google: Google, decision: str = "allow", *, scopes: tuple[str, ...] = (EVENTS, FREE_BUSY), **asked: Any
) -> dict:
    """Go through the consent page; what comes back."""
    (form,) = Page(consent_page(google, **asked).text).forms
    data = {**form.values, "scope": list(scopes), "decision": decision}
    answer = post(google, form.path, data)
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def exchange(google: Google, code: str, /, **changes: Any):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    form |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | changes
    return post(google, "/token", {name: value for name, value in form.items() if value is not ...})
