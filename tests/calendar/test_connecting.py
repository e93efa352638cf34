"""Connecting a Google account: real Authlib, over HTTP, at a strict stand-in; and everything that may come back."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from hms import vault
from hms.auth import passwords
from hms.auth import services as accounts
from hms.auth.models import User
from hms.calendar import queries
from hms.calendar.google import oauth, scopes
from hms.calendar.google.errors import Later
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections
from hms.db import Busy, db, transaction
from tests import make
from tests.calendar.conftest import ASHA, BOSE, CHEN, asked
from tests.pages import Page
from tests.standins.google.accounts import challenge_of
from tests.waiting import GENEROUS_SECONDS


def connection_of(who) -> CalendarConnection | None:
    return queries.find_live_connection(who.user_id)


def stored() -> int:
    return db.session.query(CalendarConnection).count()


def token_of(who) -> str:
    connection = connection_of(who)
    return vault.unseal(connection.refresh_token, owner_id=who.user_id, purpose=vault.REFRESH_TOKEN)


# -- the way there ---------------------------------------------------------------------------------------------------


def test_consent_is_asked_for_as_google_wants_it(at_google, asha):
    query = asked(at_google(asha, ASHA).sets_out())
    assert query["redirect_uri"] == "http://localhost/calendar/callback"
    assert (query["response_type"], query["access_type"], query["prompt"]) == ("code", "offline", "consent")
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 43
    assert "code_verifier" not in query


def test_patients_are_asked_for_less_than_doctors(at_google, asha, bose):
    asked_of_patient = asked(at_google(asha, ASHA).sets_out())["scope"].split()
    asked_of_doctor = asked(at_google(bose, BOSE).sets_out())["scope"].split()
    assert asked_of_patient == ["openid", "email", scopes.EVENTS]
    assert asked_of_doctor == [*asked_of_patient, scopes.FREE_BUSY]


def test_the_verifier_stays_on_the_server(at_google, asha, session):
    person = at_google(asha, ASHA)
    challenge = asked(person.sets_out())["code_challenge"]
    (verifier,) = [flow["verifier"] for flow in kept_flows(session)]
    assert challenge_of(verifier) == challenge
    assert verifier not in str(person.browser._cookies)


def test_connecting_again_proposes_the_account_that_was_connected(at_google, google, bose):
    person = at_google(bose, BOSE)
    assert "login_hint" not in asked(person.sets_out())
    person.connects()
    consent = person.sets_out()
    assert asked(consent)["login_hint"] == BOSE
    (form,) = Page(requests.get(consent, timeout=GENEROUS_SECONDS).text).forms
    assert form.values["account"] == BOSE


def test_two_flows_have_nothing_in_common(at_google, asha):
    person = at_google(asha, ASHA)
    first, second = asked(person.sets_out()), asked(person.sets_out())
    assert all(first[name] != second[name] for name in ("state", "code_challenge", "nonce"))


# -- the way back ----------------------------------------------------------------------------------------------------


def test_an_account_is_connected(at_google, google, asha):
    page = at_google(asha, ASHA).connects()
    assert "Connected" in page.text
    assert ASHA in page.text
    connection = connection_of(asha)
    assert (connection.status, connection.google_sub) == ("connected", google.accounts[ASHA].sub)
    assert token_of(asha) in google.tokens.refresh


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_busy_times_are_read_of_doctors_only(at_google, asha, bose, who):
    person, email = (bose, BOSE) if who == "doctor" else (asha, ASHA)
    at_google(person, email).connects()
    assert (connection_of(person).next_busy_at is not None) == (who == "doctor")


def refused(person, address: str) -> None:
    answer = person.returns(address)
    assert answer.status_code == 303
    page = person.browser.get(answer.headers["Location"]).page
    assert "Start again from this page" in page.text
    assert stored() == 0


def test_a_state_that_was_made_up_is_refused_and_burns_nothing(at_google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    forged = re.sub("state=[^&]+", "state=made-up", back)
    refused(person, forged)
    refused(person, "/calendar/callback?state=")
    assert person.returns(back).headers["Location"].endswith("news=connected")


def test_who_only_looks_at_the_way_back_uses_nothing_up(at_google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    parts = urlsplit(back)
    assert person.browser.head(f"{parts.path}?{parts.query}").status_code == 303
    assert person.returns(back).headers["Location"].endswith("news=connected")


def test_two_tabs_connect_one_after_the_other(at_google, asha):
    person = at_google(asha, ASHA)
    first, second = person.sets_out(), person.sets_out()
    for consent in (second, first):
        assert person.returns(person.answers(consent)).headers["Location"].endswith("news=connected")
    assert stored() == 1


def test_the_oldest_of_very_many_tabs_is_told_kindly(at_google, asha, session):
    person = at_google(asha, ASHA)
    first = person.answers(person.sets_out())
    for _ in range(5):
        person.sets_out()
    assert len(kept_flows(session)) == 5
    refused(person, first)


def test_nothing_leads_to_google_without_the_password(at_google, google, asha):
    browser = at_google(asha, ASHA).browser
    for password in ("", "not the password at all"):
        answer = browser.submit("calendar.connect", {"password": password}, on="/calendar/status", status=422)
        assert answer.page.title.startswith("Error: ")
        assert answer.page.find_form("/calendar/connect").values["password"] == ""
    assert browser.get("/calendar/connect").headers["Location"] == "/calendar/status"
    assert google.calls("auth") == []


def test_a_password_that_changed_while_somebody_was_at_google_ends_the_flow(at_google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    with transaction():
        asha.user.password_hash = passwords.store("another-passphrase-for-tests")
    refused(person, back)


def test_a_password_that_changes_while_google_is_asked_connects_nothing(at_google, google, asha, monkeypatch):
    exchange, user_id = oauth.exchange, asha.user_id

    def exchange_and_reset(*args, **more):
        grant = exchange(*args, **more)
        with transaction():
            db.session.get(User, user_id).password_hash = passwords.store("another-passphrase-for-tests")
        return grant

    monkeypatch.setattr(oauth, "exchange", exchange_and_reset)
    person = at_google(asha, ASHA)
    refused(person, person.answers(person.sets_out()))
    assert not google.has_grant(ASHA), "what Google gave for nothing is given back"


def test_the_owner_is_mailed_once_for_an_account_that_is_new(at_google, asha, postbox):
    postbox.deliver()
    at_google(asha, ASHA).connects()
    assert [letter.data["what"] for letter in postbox.deliver() if letter.type == "ACCESS_GRANTED"] == ["google"]
    at_google(asha, ASHA).connects()
    assert "ACCESS_GRANTED" not in [letter.type for letter in postbox.deliver()]


def test_who_has_not_proved_the_address_connects_nothing(google, signed_in, session):
    user = make.patient(is_verified=False).user
    browser = signed_in(user)
    page = browser.page("calendar.status")
    assert page.find_form("/calendar/connect") is None
    assert page.find_form("/calendar/feed") is None
    assert "To connect your calendar, confirm your email address first." in page.text
    assert "To make an address, confirm your email address first." in page.text
    with pytest.raises(accounts.Unverified):
        make.feed(user)
    token = browser.csrf_token()
    answer = browser.post("/calendar/feed", data={"csrf_token": token, "password": make.PASSWORD})
    assert answer.status_code == 409
    assert "To make an address, confirm your email address first." in answer.page.text


def test_a_missing_state_is_refused(at_google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    refused(person, re.sub("state=[^&]+&", "", back))


def test_a_callback_that_nobody_asked_for_is_refused(at_google, asha):
    refused(at_google(asha, ASHA), "/calendar/callback?code=4/0Amade-up&state=made-up")


def test_the_same_answer_again_is_refused_and_changes_nothing(at_google, google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    assert person.returns(back).headers["Location"].endswith("news=connected")
    before = token_of(asha)
    assert person.returns(back).headers["Location"].endswith("news=other-flow")
    assert token_of(asha) == before
    assert len(google.calls("token.authorization_code")) == 1
    assert google.has_grant(ASHA)


def test_somebody_elses_answer_is_refused(at_google, asha, chen):
    """Chen lures Asha's browser to the address with which Chen came back from Google."""
    hers, his = at_google(asha, ASHA), at_google(chen, CHEN)
    hers.sets_out()
    refused(hers, his.answers(his.sets_out()))


def test_somebody_elses_code_in_ones_own_flow_is_refused_by_google(at_google, asha, chen):
    hers, his = at_google(asha, ASHA), at_google(chen, CHEN)
    state = asked(hers.sets_out())["state"]
    code = asked(his.answers(his.sets_out()))["code"]
    answer = hers.returns("/calendar/callback?" + urlencode({"state": state, "code": code}))
    assert answer.headers["Location"].endswith("news=refused")
    assert stored() == 0


def test_another_person_in_the_same_browser_does_not_get_the_account(at_google, sign_in, asha, chen):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    person.browser.submit("auth.logout", on="/calendar/status")
    sign_in(person.browser, chen)
    refused(person, back)


def test_who_was_signed_out_meanwhile_is_sent_to_sign_in_without_googles_answer(at_google, asha):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    person.browser.submit("auth.logout", on="/calendar/status")
    answer = person.returns(back)
    assert answer.status_code == 303
    assert asked(answer.headers["Location"]) == {"next": "/calendar/status"}
    assert stored() == 0


def kept_flows(session) -> list[dict]:
    """The flows that wait on the server, whoever's browser they belong to."""
    kept = session.execute(db.text("SELECT data FROM sessions")).scalars().all()
    return [flow for data in kept for flow in data.get("calendar_consent", {}).values()]


def test_a_flow_names_who_began_it_and_is_nobody_elses(at_google, asha, chen, session):
    """Signing in empties the session; should it ever not, the flow still says whose it is."""
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    another = "UPDATE sessions SET data = CAST(replace(CAST(data AS text), :mine, :whose) AS jsonb)"
    mine, whose = (f'"user_id": "{who.user_id}"' for who in (asha, chen))
    with transaction():
        session.execute(db.text(another), {"mine": mine, "whose": whose})
    assert [flow["user_id"] for flow in kept_flows(session)] == [str(chen.user_id)]
    refused(person, back)


def test_the_flow_is_used_up_before_google_is_asked(at_google, asha, session, monkeypatch):
    """Whoever comes with the same address meanwhile finds nothing that waits for it."""
    waiting = []

    def exchange(*_args, **_more):
        waiting.extend(kept_flows(session))
        raise Later("busy")

    monkeypatch.setattr(oauth, "exchange", exchange)
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    assert len(kept_flows(session)) == 1
    assert person.returns(back).headers["Location"].endswith("news=later")
    assert waiting == []


def test_after_ten_minutes_the_flow_is_over(at_google, asha, steady_clock):
    person = at_google(asha, ASHA)
    back = person.answers(person.sets_out())
    steady_clock.advance(minutes=10, seconds=1)
    refused(person, back)


def test_a_no_at_google_is_taken_for_a_no(at_google, google, asha):
    page = at_google(asha, ASHA).connects(decision="deny")
    assert "You didn’t give permission at Google" in page.text
    assert stored() == 0
    assert google.calls("token.authorization_code") == []


def test_an_error_in_a_foreign_flow_says_nothing_about_ones_own(at_google, asha):
    refused(at_google(asha, ASHA), "/calendar/callback?error=access_denied&state=made-up")


def test_another_error_of_google_is_told(at_google, asha):
    person = at_google(asha, ASHA)
    state = asked(person.sets_out())["state"]
    answer = person.returns("/calendar/callback?" + urlencode({"state": state, "error": "admin_policy_enforced"}))
    assert answer.headers["Location"].endswith("news=refused")


@pytest.mark.parametrize("code", ["", "&code=", "&code=%E2%80%AE", "&code=" + "x" * 3000])
def test_an_answer_without_a_code_or_with_nonsense_is_refused(at_google, asha, code):
    person = at_google(asha, ASHA)
    state = asked(person.sets_out())["state"]
    assert person.returns(f"/calendar/callback?state={state}{code}").headers["Location"].endswith("news=refused")
    assert stored() == 0


def test_a_clinic_that_google_does_not_know_is_told_to_the_operator(at_google, google, asha, caplog, app, monkeypatch):
    monkeypatch.setattr(app.logger, "propagate", True)
    google.fail("invalid_client", on="token.*")
    page = at_google(asha, ASHA).connects()
    assert "Google didn’t connect your calendar" in page.text
    assert "the code was refused: 'invalid_client'" in caplog.text


def test_without_the_calendars_box_nothing_is_kept_here_or_there(at_google, google, asha):
    page = at_google(asha, ASHA).connects(without=(scopes.EVENTS,))
    assert "leave the box for events ticked" in page.text
    assert stored() == 0
    assert not google.has_grant(ASHA)


def test_a_doctor_can_keep_busy_times_private(at_google, bose):
    page = at_google(bose, BOSE).connects(without=(scopes.FREE_BUSY,))
    assert "You left a box unticked at Google" in page.text
    assert "See when you’re busy, but not why (not allowed)" in page.text
    assert connection_of(bose).next_busy_at is None


def test_an_access_for_an_hour_is_not_kept(at_google, google, asha):
    google.fail("no-refresh-token", on="token.*")
    page = at_google(asha, ASHA).connects()
    assert "Google didn’t give us lasting permission" in page.text
    assert stored() == 0


@pytest.mark.parametrize(
    "fault", ["500", "502", "503", "429", "html", "garbage", "empty", "huge", "redirect", "cut", "lost"]
)
def test_whatever_google_answers_instead_is_said_kindly_and_nothing_is_stored(at_google, google, asha, fault):
    google.fail(fault, on="token.*")
    page = at_google(asha, ASHA).connects()
    assert "Google didn’t answer" in page.text
    assert stored() == 0


def test_google_is_not_waited_for_for_long(at_google, google, asha, monkeypatch):
    assert oauth.ONCE["timeout"] == (3.05, 5.0)
    monkeypatch.setattr(oauth, "ONCE", {**oauth.ONCE, "timeout": (1, 0.2)})
    google.fail("slow", on="token.*", seconds=1)
    assert "Google didn’t answer" in at_google(asha, ASHA).connects().text
    assert stored() == 0


@pytest.mark.parametrize(
    ("claim", "value"), [("iss", "https://evil.test"), ("aud", "another-client"), ("nonce", "another"), ("exp", 1)]
)
def test_an_identity_that_is_not_for_us_is_no_identity(at_google, google, asha, monkeypatch, claim, value):
    honest = google.tokens._id_token

    def forged(grant, nonce):
        import base64
        import json

        head, body, tail = honest(grant, nonce).split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "==")) | {claim: value}
        return ".".join([head, base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode(), tail])

    monkeypatch.setattr(google.tokens, "_id_token", forged)
    at_google(asha, ASHA).connects()
    assert stored() == 0


def test_an_email_never_says_who_somebody_is(at_google, google, asha):
    """The account's address changes, its ``sub`` does not: it is the same account."""
    at_google(asha, ASHA).connects()
    before = connection_of(asha).id
    google.accounts["asha.new@gmail.test"] = account = google.accounts.pop(ASHA)
    account.email = "asha.new@gmail.test"
    at_google(asha, "asha.new@gmail.test").connects()
    assert (connection_of(asha).id, connection_of(asha).google_email) == (before, "asha.new@gmail.test")


def test_where_google_is_not_set_up_the_page_says_so_and_nothing_leads_there(signed_in, asha):
    browser = signed_in(asha)
    page = browser.page("calendar.status")
    assert "Calendar sync is off at this clinic" in page.text
    answer = browser.post("/calendar/connect", data={"csrf_token": browser.csrf_token()})
    assert answer.headers["Location"] == "/calendar/status"


def test_a_database_that_is_busy_is_told_as_such(at_google, google, asha, monkeypatch):
    """Not every refusal is about the consent; and what Google gave for nothing is given back."""

    def connect(*_args, **_more):
        raise Busy

    monkeypatch.setattr(connections, "connect", connect)
    person = at_google(asha, ASHA)
    answer = person.returns(person.answers(person.sets_out()))
    assert answer.status_code == 503
    assert stored() == 0
    assert not google.has_grant(ASHA)
