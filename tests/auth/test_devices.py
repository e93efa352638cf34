"""Where somebody is signed in: the list, ending one or all others, at most twenty, and a mail about a new browser."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hms.auth import devices, queries, services
from hms.auth.models import SignIn
from hms.auth.session_limits import MOST_SIGN_INS
from hms.db import db
from hms.throttle import stores
from tests import make

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"
ADDRESS = "203.0.113.77"


def enter(browser, person, *, agent=FIREFOX, password=make.PASSWORD, status=303):
    """Sign in by the form, with a browser that calls itself so."""
    browser.environ_base |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": ADDRESS}
    entered = {"email": person.user.email, "password": password, "csrf_token": browser.csrf_token()}
    assert browser.post("/login", data=entered).status_code == status
    return browser


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8", "A browser"),
        ("<script>" * 500, "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_has_a_name_in_words(agent, name):
    assert devices.name_of(agent) == name


def test_the_page_lists_where_one_is_signed_in_and_ends_one_or_all_others(asha, chen, new_client, signed_in):
    here, phone, stranger = enter(new_client(), asha), enter(new_client(), asha, agent=IPHONE), signed_in(chen)
    page = here.page("security.overview")
    assert "Firefox on Linux" in page.text
    assert "Safari on iPhone" in page.text
    assert "203.0.113.0/24" in page.text
    assert ADDRESS not in page.text

    other = next(one for one in queries.list_sign_ins(asha.user.id) if one.device == "Safari on iPhone")
    token = stranger.page("security.overview").csrf_token
    assert stranger.post(f"/account/security/sign-ins/{other.ref}/end", data={"csrf_token": token}).status_code == 303
    assert phone.get("/patient/").status_code == 200

    here.page("security.overview")
    here.submit("security.end", ref=other.ref)
    assert phone.get("/patient/").status_code == 302
    third = signed_in(asha)
    here.page("security.overview")
    here.submit("security.end_others")
    assert third.get("/patient/").status_code == 302
    assert here.get("/patient/").status_code == 200
    assert stranger.get("/patient/").status_code == 200


def test_of_more_than_twenty_the_one_used_longest_ago_is_signed_out(asha, signed_in, steady_clock):
    first = signed_in(asha)
    for _ in range(MOST_SIGN_INS):
        steady_clock.advance(seconds=1)
        last = signed_in(asha)
    assert db.session.scalar(select(func.count()).select_from(SignIn)) == MOST_SIGN_INS
    assert first.get("/patient/").status_code == 302
    assert last.get("/patient/").status_code == 200


def test_staff_are_signed_out_sooner_than_patients(app, asha, bose, signed_in, steady_clock):
    patient, doctor = signed_in(asha), signed_in(bose)
    steady_clock.advance(minutes=app.config["STAFF_SESSION_IDLE_MINUTES"], seconds=1)
    assert doctor.get("/doctor/").status_code == 302
    assert patient.get("/patient/").status_code == 200
    assert services.delete_ended_sign_ins() == 1
    assert queries.list_sign_ins(bose.user.id) == []


def test_a_new_browser_is_told_of_by_mail_and_an_old_one_is_not(asha, new_client, postbox):
    first = enter(new_client(), asha)
    enter(first, asha)
    assert [letter.type for letter in postbox.deliver() if letter.type == "SECURITY_NOTICE"] == []
    enter(new_client(), asha, agent=IPHONE)
    (letter,) = [letter for letter in postbox.deliver() if letter.type == "SECURITY_NOTICE"]
    assert (letter.to, letter.data["what"], letter.data["device"]) == (
        asha.user.email,
        "new-device",
        "Safari on iPhone",
    )


def test_what_a_browser_is_known_by_opens_nothing(asha, new_client):
    known = enter(new_client(), asha).get_cookie("hms-device")
    other = new_client()
    other.set_cookie("hms-device", known.value)
    assert other.get("/patient/").status_code == 302
    assert known.http_only
    assert known.max_age == timedelta(days=365).total_seconds()


def test_a_crowd_of_guessers_does_not_slow_down_a_browser_that_was_here_before(
    app, asha, new_client, monkeypatch, steady_clock
):
    own = enter(new_client(), asha)
    steady_clock.freeze()
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    for number in range(12):
        guesser = new_client()
        guesser.environ_base["REMOTE_ADDR"] = f"10.0.{number}.1"
        token = guesser.csrf_token()
        for _ in range(5):
            wrong = {"email": asha.user.email, "password": "wrong-passphrase", "csrf_token": token}
            guesser.post("/login", data=wrong)
    assert stores.ends_in(f"pause:password:{asha.user.email}") > 0
    enter(new_client(), asha, status=429)
    enter(own, asha)
