"""A form that comes after its session has ended: nothing is done, nothing typed is lost, and nobody else reads it."""

import hashlib
import io
import re
from collections.abc import Iterable

import pytest
from sqlalchemy import delete, select

from hms.auth import drafts
from hms.auth import services as auth
from hms.auth.models import SealedDraft, SignIn
from hms.db import db, transaction
from hms.forms import HmsForm
from tests import make
from tests.authz import world as worlds
from tests.authz.snapshot import fingerprint
from tests.test_hostile_input import FORMS, subclasses

NOT_SHOWN = {"do", "idempotency_key", "current", "password", "photo"}
OPEN_TO_EVERYBODY = [endpoint for endpoint, form in FORMS.items() if form[0] == "anonymous"]
NEVER_COMES_BACK = {
    "factors.app",  # its page needs a fresh proof, which ends with the session; a code is worth nothing by then anyway
}
BEHIND_A_SIGN_IN = {
    endpoint: form for endpoint, form in FORMS.items() if endpoint not in {*OPEN_TO_EVERYBODY, *NEVER_COMES_BACK}
}
ABOUT_A_SLOT = {"patient.change", "doctor.change", "reception.change", "reception.book"}
"""Pages whose form is there once the address names a slot."""
WRITTEN_BY_A_SIGN_IN = {"known_devices", "outbox_messages"}  # a new browser is noted, and its person told by email
PROFILE = {"full_name": "Asha Rao-Patel", "phone": "020 7946 0111", "address": "1 High Street\nLondon"}


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything; the visit to cancel is two days away."""
    built = worlds.build(app, new_client, signed_in, steady_clock)
    steady_clock.set(worlds.NOON.replace(day=23))
    return built


@pytest.fixture
def away(session, signed_in, asha):
    """Asha's browser, with the page of her details open, after her session has ended."""
    browser = signed_in(asha)
    browser.page("patient_profile.edit")
    end_all_sessions()
    return browser


def end_all_sessions() -> None:
    with transaction() as session:
        session.execute(delete(SignIn))


def send(browser, data: dict, path: str = "/patient/profile"):
    token = browser.last_page.csrf_token
    return browser.post(path, data={"csrf_token": token, **data}, headers={"Referer": f"http://localhost{path}"})


def sign_in_on(browser, page, email: str, password: str = make.PASSWORD):
    form = page.find_form("/login")
    return browser.post("/login", data={**form.values, "email": email, "password": password})


def test_you_were_signed_out_and_what_you_typed_comes_back(away, asha):
    answer = send(away, PROFILE)
    assert answer.status_code == 400
    assert answer.page.heading == "You’ve been signed out"
    assert "What you typed is kept" in answer.page.text
    assert "High Street" not in answer.text
    back = sign_in_on(away, answer.page, "asha@example.test")
    assert back.location == "/patient/profile"
    page = away.get(back.location).page
    assert "We’ve filled in what you typed" in page.text
    filled = page.find_form("/patient/profile").values
    assert {name: filled[name] for name in PROFILE} == PROFILE
    assert asha.user.full_name == "Asha Rao"
    assert away.post("/patient/profile", data=filled).status_code == 303
    assert "We’ve filled in" not in away.get("/patient/profile").text
    assert asha.user.full_name == "Asha Rao-Patel"
    assert not db.session.scalars(select(SealedDraft)).all()


@pytest.mark.parametrize("endpoint", BEHIND_A_SIGN_IN)
def test_every_form_comes_back_as_it_was_typed(app, world, session, endpoint, sign_in):
    principal, honest = BEHIND_A_SIGN_IN[endpoint]
    browser = world.browsers[principal]
    (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if "POST" in rule.methods]
    path, email = world.path(rule), email_of(browser)
    page_of_it = f"{path}?slot={world.values['slot_id']}" if endpoint in ABOUT_A_SLOT else path
    typed = {name: value for name, value in honest.items() if name not in NOT_SHOWN}
    typed |= {name: "Typed with care" for name in ("reason", "bio", "name") if name in typed}
    before = stored(session)
    end_all_sessions()
    sent = {"csrf_token": world.tokens[principal], **honest, **typed}
    answer = browser.post(page_of_it, data=sent, headers={"Referer": f"http://localhost{page_of_it}"})
    assert stored(session) == before
    assert answer.status_code == 400
    assert answer.page.heading == "You’ve been signed out"
    assert "Typed with care" not in answer.text
    assert make.PASSWORD not in answer.text
    back = sign_in_on(browser, answer.page, email)
    assert back.status_code == 303
    page = browser.get(back.location, follow_redirects=True).page
    if typed:
        assert "We’ve filled in what you typed" in page.text
        shown = page.find_form(path) or next(form for form in page.forms if typed.keys() <= form.names)
        assert {name: listed(shown.values.get(name)) for name in typed} == {
            name: listed(value) for name, value in typed.items()
        }
    assert stored(session, but=WRITTEN_BY_A_SIGN_IN) == {
        table: rows for table, rows in before.items() if table not in WRITTEN_BY_A_SIGN_IN
    }


@pytest.mark.parametrize("endpoint", OPEN_TO_EVERYBODY)
def test_a_form_that_is_open_to_everybody_is_shown_again_with_what_was_typed(app, world, session, new_client, endpoint):
    _, honest = FORMS[endpoint]
    (rule,) = [rule for rule in app.url_map.iter_rules(endpoint) if "POST" in rule.methods]
    path, before = world.path(rule), stored(session)
    token = world.tokens["anonymous"]
    answer = new_client().post(path, data={"csrf_token": token, **honest})  # the cookie is gone
    assert answer.status_code == 400
    assert make.PASSWORD not in answer.text
    assert stored(session) == before
    if form := answer.page.find_form(path):
        kept = {name: value for name, value in honest.items() if name not in NOT_SHOWN}
        assert {name: form.values.get(name) for name in kept} == kept


def email_of(browser) -> str:
    with browser.application.app_context():
        cookie = browser.get_cookie("hms").value
        row = db.session.get(SignIn, hashlib.sha256(cookie.encode()).digest())
        return row.user.email


def stored(session, but: Iterable[str] = ()) -> dict[str, str]:
    """A fingerprint of everything but the audit log, sessions, drafts, and the tables in ``but``."""
    left_out = {"sessions", "drafts", *but}
    return {table: rows for table, rows in fingerprint(session).items() if table not in left_out}


def listed(value) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


# ---- the same person alone


def test_somebody_else_on_that_browser_never_sees_it(away, chen, asha):
    answer = send(away, PROFILE)
    sign_in_on(away, answer.page, "chen@example.test")
    for path in ("/patient/profile", "/patient/", "/patient/appointments"):
        assert "High Street" not in away.get(path).text
        assert "filled in what you typed" not in away.get(path).text
    away.submit("auth.logout", on="/patient/")
    away.submit("auth.login", {"email": "asha@example.test", "password": make.PASSWORD}, on="/login")
    assert "High Street" in away.get("/patient/profile").text


def test_another_browser_of_the_same_person_does_not_have_it(away, signed_in, asha):
    send(away, PROFILE)
    assert "High Street" not in signed_in(asha).get("/patient/profile").text


def test_a_page_of_the_account_before_is_not_sent_by_the_account_after(away, chen):
    page = away.last_page
    away.submit("auth.login", {"email": "chen@example.test", "password": make.PASSWORD}, on="/login")
    away.last_page = page
    answer = send(away, PROFILE)
    assert answer.status_code == 400
    assert answer.page.heading == "You’re signed in with a different account"
    assert "High Street" not in away.get("/patient/profile").text
    assert chen.user.full_name == "Chen Wei"


def test_a_page_from_before_the_same_person_signed_in_again_comes_back_filled_in(away, asha):
    page = away.last_page
    away.submit("auth.login", {"email": "asha@example.test", "password": make.PASSWORD}, on="/login")
    away.last_page = page
    answer = send(away, PROFILE)
    assert (answer.status_code, answer.location) == (303, "/patient/profile")
    assert "High Street" in away.get("/patient/profile").text
    assert asha.user.full_name == "Asha Rao"


def test_what_lies_in_the_database_is_sealed(away):
    send(away, PROFILE)
    (row,) = db.session.scalars(select(SealedDraft))
    assert b"High Street" not in row.sealed
    assert away.get_cookie(drafts.COOKIE).value.encode() not in row.id_hash + row.sealed


def test_what_was_typed_is_kept_for_an_hour(away, steady_clock, asha):
    answer = send(away, PROFILE)
    steady_clock.advance(minutes=61)
    assert sign_in_on(away, answer.page, "asha@example.test").status_code == 303
    assert "High Street" not in away.get("/patient/profile").text
    assert auth.delete_old_drafts() == 1
    assert not db.session.scalars(select(SealedDraft)).all()


def test_what_was_typed_can_be_deleted_at_once(away):
    answer = send(away, PROFILE)
    form = answer.page.find_form("/signed-out/discard")
    assert away.post(form.path, data=form.values).status_code == 303
    assert not db.session.scalars(select(SealedDraft)).all()
    assert away.get_cookie(drafts.COOKIE) is None


# ---- what is not kept


def test_no_password_is_ever_kept(session, signed_in, asha):
    browser = signed_in(asha)
    page = browser.page("recovery.renew")
    end_all_sessions()
    browser.last_page = page
    answer = send(browser, {"current": make.PASSWORD, "password": "another-long-passphrase"}, page.url)
    assert answer.page.heading == "You’ve been signed out"
    assert "What you typed is kept" not in answer.page.text
    assert not db.session.scalars(select(SealedDraft)).all()


def test_the_name_of_every_field_for_a_password_is_known(app):
    with app.test_request_context():
        names = {field.name for form in subclasses(HmsForm) for field in form() if field.type == "SecretField"}
    assert names
    assert names <= drafts._passwords()


def test_a_file_is_said_to_be_lost(session, signed_in, bose):
    browser = signed_in(bose)
    form = browser.page("doctor_profile.edit").find_form("/doctor/profile")
    end_all_sessions()
    data = {**form.values, "bio": "Typed with care", "photo": (io.BytesIO(b"x"), "me.jpg")}
    answer = browser.post("/doctor/profile", data=data, content_type="multipart/form-data")
    assert "Files can’t be kept" in answer.page.text
    sign_in_on(browser, answer.page, "bose@example.test")
    page = browser.get("/doctor/profile").page
    assert "Files can’t be kept: choose yours again." in page.text
    assert "Typed with care" in page.text


@pytest.mark.parametrize("token", ["", "x" * 91, "IjEyMyI.aaaa.bbbb"])
def test_what_no_page_of_ours_sent_is_not_kept(away, token):
    answer = away.post("/patient/profile", data={"csrf_token": token, **PROFILE})
    assert answer.status_code == 400
    assert not db.session.scalars(select(SealedDraft)).all()


def test_what_another_site_sends_is_not_kept(away):
    data = {"csrf_token": away.last_page.csrf_token, **PROFILE}
    answer = away.post("/patient/profile", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert not db.session.scalars(select(SealedDraft)).all()


def test_a_button_pressed_too_late_says_so_and_leads_back(session, signed_in, bose, asha):
    visit = make.appointment(asha, doctor=bose)
    browser, path = signed_in(bose), f"/doctor/appointments/{visit.id}"
    browser.get(path)
    end_all_sessions()
    answer = browser.post(
        f"{path}/arrive",
        data={"csrf_token": browser.last_page.csrf_token},
        headers={"Referer": f"http://localhost{path}"},
    )
    assert answer.page.heading == "You’ve been signed out"
    assert sign_in_on(browser, answer.page, "bose@example.test").location == path


def test_a_draft_survives_a_wrong_password(away, asha):
    answer = send(away, PROFILE)
    wrong = sign_in_on(away, answer.page, "asha@example.test", "not-the-password")
    assert wrong.status_code == 422
    back = sign_in_on(away, wrong.page, "asha@example.test")
    assert "High Street" in away.get(back.location).text


def test_who_comes_back_by_another_way_is_led_to_what_was_typed(away, asha):
    send(away, PROFILE)
    answer = away.submit("auth.login", {"email": "asha@example.test", "password": make.PASSWORD}, on="/login")
    assert answer.location == "/patient/profile"


def test_the_form_says_so_when_the_database_cannot_keep_it(away, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def broken(*_, **__):
        raise OperationalError("INSERT", {}, Exception("full"))

    monkeypatch.setattr(auth, "keep_draft", broken)
    answer = send(away, PROFILE)
    assert answer.status_code == 400
    assert "What you typed is kept" not in answer.page.text


def test_controls_in_what_was_typed_break_no_page(away, asha):
    answer = send(away, PROFILE | {"address": "a\x00b\ud800c\x1b[2J".encode("utf-8", "surrogatepass")})
    sign_in_on(away, answer.page, "asha@example.test")
    page = away.get("/patient/profile").page
    assert re.search("a.?b", page.find_form("/patient/profile").values["address"])
