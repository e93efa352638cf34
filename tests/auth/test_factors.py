"""Sign-in with a code: setting it up, the second half of signing in, replays, recovery codes, stepping up, staff."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from hms import clock, vault
from hms.auth import services
from hms.auth.factors import codes
from hms.auth.factors.models import AuthenticatorApp, RecoveryCode
from hms.auth.services.factors import APP_SECRET
from hms.db import db
from hms.throttle import TooMany
from tests import make


@pytest.fixture
def with_app(session):
    """``with_app(user)`` sets an app up for the account: its secret and the recovery codes."""

    def with_app(user):
        secret = services.begin_app(user)
        paper = services.confirm_app(user, codes.code_now(secret, now=clock.now()))
        return SimpleNamespace(secret=secret, paper=paper)

    return with_app


def enter_password(browser, user, **more):
    """Send the form of signing in; where it leads."""
    return browser.submit("auth.login", {"email": user.email, "password": make.PASSWORD}, **more).location


def is_in(browser, page="patient.home"):
    return browser.get(browser.url(page)).status_code == 200


def test_an_app_is_set_up_by_scanning_and_entering_its_first_code(asha, new_client, signed_in, steady_clock, postbox):
    browser = signed_in(asha)
    browser.page("factors.app")
    browser.submit("factors.begin")
    page = browser.page("factors.app")
    assert "qr-img" in browser.get("/account/security/code").text
    secret = services.find_begun_secret(asha.user)
    assert codes.in_parts(secret) in page.text
    browser.submit("factors.app", {"code": "000000"}, status=422)
    shown = browser.submit("factors.app", {"code": codes.code_now(secret, now=clock.now())}, status=200).page.text
    paper = re.findall(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", shown)
    assert len(set(paper)) == codes.COUNT
    assert paper[0] not in browser.page("security.overview").text
    assert [one.data["what"] for one in postbox.deliver() if one.type == "SECURITY_NOTICE"] == ["factor-on"]

    other = new_client()
    assert enter_password(other, asha.user, next="/patient/appointments").startswith("/login/code")
    assert not is_in(other)
    steady_clock.advance(seconds=60)
    other.page("auth.second")
    other.submit("auth.second", {"code": codes.code_now(secret, now=clock.now())})
    assert is_in(other)


def test_the_secret_and_the_codes_are_not_stored_as_they_are(asha, with_app):
    made = with_app(asha.user)
    app = db.session.get(AuthenticatorApp, asha.user.id)
    assert made.secret.encode() not in app.sealed
    assert vault.unseal(app.sealed, owner_id=asha.user.id, purpose=APP_SECRET) == made.secret
    stored = str(db.session.execute(select(RecoveryCode.code_hash)).all())
    assert not any(code in stored for code in made.paper)


def test_a_code_is_good_once_and_so_is_an_earlier_one(asha, with_app, steady_clock):
    made = with_app(asha.user)
    steady_clock.freeze()
    steady_clock.advance(seconds=90)
    early, now = (codes.code_now(made.secret, now=clock.now() - timedelta(seconds=ago)) for ago in (30, 0))
    services.check_factor(asha.user, now)
    for code in (now, early):
        with pytest.raises(services.WrongFactor):
            services.check_factor(asha.user, code)


def test_a_recovery_code_is_good_once_however_it_is_typed_and_only_for_its_owner(asha, chen, with_app, postbox):
    made, others = with_app(asha.user), with_app(chen.user)
    services.check_factor(asha.user, made.paper[0].upper().replace("-", " "))
    for code in (made.paper[0], others.paper[0], "", "-", "a" * 40):
        with pytest.raises(services.WrongFactor):
            services.check_factor(asha.user, code)
    assert services.count_codes(asha.user.id) == codes.COUNT - 1
    assert "code-used" in [one.data["what"] for one in postbox.deliver() if one.type == "SECURITY_NOTICE"]
    services.make_new_codes(asha.user)
    with pytest.raises(services.WrongFactor):
        services.check_factor(asha.user, made.paper[1])


def test_codes_are_not_guessed(app, asha, with_app, monkeypatch):
    with_app(asha.user)
    monkeypatch.setitem(app.config, "RATE_LIMITS", True)
    with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.7"}), pytest.raises(TooMany):
        for _ in range(10):
            with pytest.raises(services.WrongFactor):
                services.check_factor(asha.user, "000000")


def test_the_code_alone_opens_nothing(asha, with_app, new_client, steady_clock):
    """Nor does a password that was entered eleven minutes ago, or is another one now."""
    made, browser = with_app(asha.user), new_client()
    assert browser.get("/login/code").location.startswith("/login")
    enter_password(browser, asha.user)
    steady_clock.advance(minutes=11)
    assert browser.get("/login/code").location.startswith("/login")
    enter_password(browser, asha.user)
    services.change_password(asha.user, current=make.PASSWORD, password="quite-another-passphrase")
    assert browser.get("/login/code").location.startswith("/login")
    assert made.paper


def test_what_opens_the_account_is_changed_after_proving_who_one_is(asha, with_app, signed_in, steady_clock):
    browser = signed_in(asha)
    steady_clock.advance(minutes=11)
    assert browser.get("/account/security/code").location.startswith("/account/security/confirm")
    browser.page("security.confirm", next="/account/security/code")
    browser.submit("security.confirm", {"password": "wrong-passphrase"}, status=422)
    assert browser.submit("security.confirm", {"password": make.PASSWORD}).location == "/account/security/code"
    browser.page("factors.app")

    made = with_app(asha.user)
    steady_clock.advance(minutes=11)
    browser.page("security.overview")
    token = browser.last_page.csrf_token
    answer = browser.post("/account/security/code/remove", data={"csrf_token": token})
    assert answer.location.startswith("/account/security/confirm")
    assert services.find_app(asha.user.id)
    browser.get(answer.location)
    browser.submit("security.confirm", {"code": codes.code_now(made.secret, now=clock.now())})
    browser.page("security.overview")
    browser.submit("factors.remove")
    assert services.find_app(asha.user.id) is None


@pytest.mark.parametrize("away", ["//evil.test", "https://evil.test/", "/\\evil.test", "javascript:alert(1)"])
def test_proving_who_one_is_leads_to_no_other_site(asha, signed_in, away):
    browser = signed_in(asha)
    browser.page("security.confirm")
    data = {"password": make.PASSWORD, "next": away, "csrf_token": browser.last_page.csrf_token}
    assert browser.post("/account/security/confirm", data=data).location == "/account/security"


def test_staff_are_reminded_for_seven_days_and_then_set_an_app_up_first(
    app, bose, asha, new_client, steady_clock, monkeypatch
):
    monkeypatch.setitem(app.config, "STAFF_SECOND_FACTOR", "required")
    browser = new_client()
    enter_password(browser, bose.user)
    assert "Set up sign-in with a code by" in browser.page("doctor.today").text
    steady_clock.advance(days=7, minutes=1)
    browser = new_client()
    enter_password(browser, bose.user)
    assert browser.get("/doctor/").location == "/account/security/code"
    browser.page("factors.app")
    browser.submit("factors.begin")
    browser.page("factors.app")
    code = codes.code_now(services.find_begun_secret(bose.user), now=clock.now())
    browser.submit("factors.app", {"code": code}, status=200)
    assert is_in(browser, "doctor.today")

    patient = new_client()
    enter_password(patient, asha.user)
    assert is_in(patient)
    assert services.factor_due_at(asha.user) is None


def test_a_lost_app_is_reset_from_the_command_line_and_its_owner_is_told(app, asha, with_app, postbox):
    with_app(asha.user)
    run = app.test_cli_runner().invoke
    assert "signs in with the password alone" in run(args=["users", "reset-factor", asha.user.email]).output
    assert services.find_app(asha.user.id) is None
    assert services.count_codes(asha.user.id) == 0
    assert "factor-reset" in [one.data["what"] for one in postbox.deliver() if one.type == "SECURITY_NOTICE"]
    assert run(args=["users", "reset-factor", asha.user.email]).exit_code != 0
