"""Google as a strict stand-in, and a person at its consent page."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from flask import Flask

from hms import clock, outbox
from hms.auth.models import Doctor, Patient
from hms.calendar.google import http
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections, mirroring, tokens
from hms.db import db
from hms.outbox import OutboxMessage
from tests import make
from tests.fixtures.web import Answer, Client
from tests.pages import Page
from tests.standins.google import SCOPES, Google, served
from tests.waiting import GENEROUS_SECONDS

ASHA, BOSE, CHEN = "asha.rao@gmail.test", "bose@gmail.test", "chen@gmail.test"


@pytest.fixture
def google(session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """A Google with accounts for Asha, Dr Bose and Chen, which the clinic is set up with."""
    with served(now=lambda: clock.now()) as google:
        for email in (ASHA, BOSE, CHEN):
            google.add_account(email)
        for name, value in google.settings().items():
            monkeypatch.setitem(app.config, name, value)
        senders = {connections.REVOKE: connections.revoke, mirroring.KIND: mirroring.deliver}
        monkeypatch.setitem(app.extensions, "hms.senders", app.extensions.get("hms.senders", {}) | senders)
        yield google


class Person:
    """Somebody at a browser: at our pages, and at Google's."""

    def __init__(self, browser: Client, google: Google, email: str) -> None:
        self.browser, self.google, self.email = browser, google, email

    def sets_out(self) -> str:
        """Press the button on our page; the address of the consent page that this leads to."""
        answer = self.browser.submit("calendar.connect", {"password": make.PASSWORD}, on="/calendar/status")
        return answer.headers["Location"]

    def answers(self, consent: str, *, decision: str = "allow", without: tuple[str, ...] = ()) -> str:
        """Decide at the consent page, with some boxes unticked; the address that leads back to us."""
        page = Page(requests.get(consent, timeout=GENEROUS_SECONDS).text)
        (form,) = page.forms
        scopes = [scope for scope in _listed(form.values.get("scope", [])) if scope not in without]
        data: dict[str, Any] = {**form.values, "scope": scopes, "account": self.email, "decision": decision}
        answer = requests.post(self.google.url + form.path, data=data, timeout=GENEROUS_SECONDS, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def returns(self, address: str) -> Answer:
        """Follow the address back to us."""
        parts = urlsplit(address)
        return self.browser.get(f"{parts.path}?{parts.query}")

    def connects(self, **answers: Any) -> Page:
        """All of it; the page at the end."""
        answer = self.returns(self.answers(self.sets_out(), **answers))
        assert answer.status_code == 303, answer.status_code
        return self.browser.get(answer.headers["Location"]).page


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def asked(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(address).query))


@pytest.fixture
def at_google(google: Google, signed_in):
    """``at_google(asha, ASHA)`` is Asha, signed in here, with that account there."""
    return lambda who, email: Person(signed_in(who), google, email)


@pytest.fixture
def connect(google: Google, monkeypatch: pytest.MonkeyPatch):
    """``connect(asha)`` is a connection with a Google account under her address here; connected again if it was."""
    monkeypatch.setattr(tokens, "_kept", {})
    monkeypatch.setattr(http._rest, "until", 0.0)

    def connect(who: Patient | Doctor, *, scopes: frozenset[str] = SCOPES) -> CalendarConnection:
        account = google.accounts.get(who.user.email) or google.add_account(who.user.email)
        refresh_token = google.grant(account.email, scopes)
        return make.connection(
            who.user, Grant(account.sub, account.email, " ".join(sorted(scopes)), refresh_token, "unused")
        )

    return connect


@pytest.fixture
def sync(google: Google, steady_clock):
    """``sync()`` does what the worker does until nothing is left to do, and lets the time pass that it would wait."""

    def sync() -> None:
        while outbox.deliver_due() or _is_waiting():
            steady_clock.advance(hours=2.5)
        db.session.expire_all()

    return sync


def _is_waiting() -> bool:
    unsent = OutboxMessage.status.in_(("pending", "sending"))
    return bool(db.session.scalar(db.select(db.exists().where(OutboxMessage.kind == mirroring.KIND, unsent))))
