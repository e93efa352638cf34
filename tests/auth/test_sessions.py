"""Sessions: what the cookie is, what stands in the table, and when either ends."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from hms import clock
from hms.auth import queries, services
from hms.auth.models import SignIn
from hms.auth.session_limits import IdleSince
from hms.auth.sessions import OPAQUE
from hms.db import db
from tests import make


def rows():
    return db.session.scalar(select(func.count()).select_from(SignIn))


def cookie(browser, name="hms"):
    found = browser.get_cookie(name)
    return found.value if found else None


def set_cookie(browser, value):
    browser.set_cookie("hms", value)
    return browser


def is_signed_in(browser):
    return browser.get("/patient/profile").status_code == 200


def test_a_visitor_has_no_row_and_no_cookie_until_a_form_needs_a_token(session, client):
    client.page("auth.signup")
    assert cookie(client) is None
    client.page("auth.login")
    assert "." in cookie(client), "a signed cookie"
    assert rows() == 0


def test_a_signed_cookie_holds_the_token_and_nothing_else(app, session, client):
    client.page("auth.login")
    serializer = app.session_interface.get_signing_serializer(app)
    assert serializer.loads(cookie(client)).keys() == {"csrf_token"}


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "A" * 43, "A" * 42 + "é", "=" * 43, "A" * 4000])
def test_a_cookie_that_nobody_gave_out_is_nobodys(asha, client, value):
    assert not is_signed_in(set_cookie(client, value))
    assert rows() == 0


def test_the_cookie_is_opaque_and_only_its_hash_is_kept(asha, signed_in):
    value = cookie(signed_in(asha))
    assert OPAQUE.fullmatch(value)
    kept = db.session.scalars(select(SignIn)).one()
    assert kept.id_hash == hashlib.sha256(value.encode()).digest()
    assert kept.user_id == asha.user_id
    assert value not in str(kept.data)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(asha, client):
    token = client.page("auth.login").csrf_token
    answer = client.post("/login", data={"email": "asha@example.test", "password": make.PASSWORD, "csrf_token": token})
    flags = {part.strip() for part in answer.headers.getlist("Set-Cookie")[-1].split(";")[1:]}
    assert flags == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_on_https_the_cookie_is_secure_and_bound_to_the_host(app, asha, client, monkeypatch):
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://localhost")
    base = {"base_url": "https://localhost"}
    page = client.get("/login", **base)
    data = {"email": "asha@example.test", "password": make.PASSWORD, "csrf_token": page.page.csrf_token}
    answer = client.post("/login", data=data, headers={"Referer": "https://localhost/login"}, **base)
    assert answer.status_code == 303
    for given in (page.headers["Set-Cookie"], answer.headers.getlist("Set-Cookie")[-1]):
        name, *flags = (part.strip() for part in given.split(";"))
        assert name.startswith("__Host-hms=")
        assert set(flags) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert client.get("/patient/profile", **base).status_code == 200


def test_signing_in_makes_a_new_cookie_and_the_one_before_is_worth_nothing(asha, client, sign_in, new_client):
    client.page("auth.login")
    values = [cookie(client)]
    for _ in range(2):
        sign_in(client, asha) if len(values) == 1 else _sign_in_again(client)
        values.append(cookie(client))
    assert len(set(values)) == 3
    assert rows() == 1
    assert not any(is_signed_in(set_cookie(new_client(), value)) for value in values[:2])
    assert is_signed_in(set_cookie(new_client(), values[2]))


def _sign_in_again(browser):
    token = browser.page("patient_profile.edit").csrf_token
    data = {"email": "asha@example.test", "password": make.PASSWORD, "csrf_token": token}
    assert browser.post("/login", data=data).status_code == 303


def test_a_session_that_was_planted_before_signing_in_is_not_taken_over(asha, chen, signed_in, client):
    planted = cookie(signed_in(chen))
    set_cookie(client, planted)
    token = client.page("patient_profile.edit").csrf_token
    data = {"email": "asha@example.test", "password": make.PASSWORD, "csrf_token": token}
    client.post("/login", data=data)
    assert cookie(client) != planted
    assert db.session.scalars(select(SignIn.user_id)).all() == [asha.user_id]


def test_the_token_of_before_signing_in_is_not_good_afterwards(asha, client, sign_in):
    before = client.page("auth.login").csrf_token
    sign_in(client, asha)
    assert client.post("/logout", data={"csrf_token": before}).status_code == 400


def test_signing_out_deletes_the_row_and_the_cookie(asha, signed_in, new_client):
    browser, other = signed_in(asha), signed_in(asha)
    value = cookie(browser)
    browser.submit("auth.logout", on="/patient/profile")
    assert cookie(browser) is None
    assert rows() == 1
    assert not is_signed_in(set_cookie(new_client(), value))
    assert is_signed_in(other), "another browser of hers stays"


def test_a_closed_account_is_signed_out_everywhere_at_once(asha, chen, signed_in):
    browsers, stranger = [signed_in(asha), signed_in(asha)], signed_in(chen)
    services.deactivate(asha.user_id)
    assert not any(is_signed_in(browser) for browser in browsers)
    assert is_signed_in(stranger)
    assert rows() == 1


def test_a_closed_account_is_nobodys_even_if_its_rows_were_still_there(asha, signed_in):
    browser = signed_in(asha)
    session = db.session()
    session.connection().exec_driver_sql("UPDATE users SET deactivated_at = now()")
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    ("seconds", "stays"), [(30 * 60 - 1, True), (30 * 60 + 1, False)], ids=["just before", "just after"]
)
def test_half_an_hour_without_a_click_signs_out(asha, signed_in, steady_clock, seconds, stays):
    steady_clock.freeze()
    browser = signed_in(asha)
    steady_clock.advance(seconds=seconds)
    assert is_signed_in(browser) is stays


@pytest.mark.parametrize(("minutes", "stays"), [(12 * 60 - 1, True), (12 * 60 + 1, False)])
def test_twelve_hours_sign_out_however_busy_one_is(asha, signed_in, steady_clock, minutes, stays):
    steady_clock.freeze()
    browser = signed_in(asha)
    for _ in range(12 * 3 - 1):
        steady_clock.advance(minutes=20)
        assert is_signed_in(browser)
    steady_clock.advance(minutes=minutes - (12 * 3 - 1) * 20)
    assert is_signed_in(browser) is stays


def test_who_was_away_is_told_so_and_led_back(asha, signed_in, steady_clock):
    browser = signed_in(asha)
    steady_clock.advance(hours=1)
    answer = browser.get("/patient/profile")
    assert answer.status_code == 302
    page = browser.get(answer.location).page
    assert "You’ve been signed out" in page.text
    assert page.find_form("/login").values["next"] == "/patient/profile"
    assert "You’ve been signed out" not in browser.page("auth.login").text


def test_one_statement_reads_the_session_and_who_it_is(asha, bose, dana, signed_in):
    for person in (asha, bose, dana):
        browser = signed_in(person)
        with browser.statements() as seen:
            assert browser.get("/account/password").status_code == 200
        assert len(seen) == 1, seen


def test_only_a_page_of_a_doctors_own_asks_for_the_doctor(bose, signed_in, client):
    browser = signed_in(bose)
    for path, most in (("/doctor/profile", 5), ("/doctor/appointments", 4), ("/doctors", 4)):
        with browser.statements() as seen:
            assert browser.get(path).status_code == 200
        of_doctors = [one for one in seen if "WHERE doctors.user_id" in one.replace("\n", " ")]
        assert len(of_doctors) == (path != "/doctors"), seen
        assert len(seen) <= most, seen


@pytest.mark.parametrize("is_there", [True, False])
def test_a_doctors_page_asks_once_who_is_signed_in_whether_or_not_there_is_the_doctor(asha, bose, signed_in, is_there):
    browser = signed_in(asha)
    path = f"/doctors/{bose.id if is_there else asha.id}"
    with browser.statements() as seen:
        answer = browser.get(path)
    assert answer.status_code == (200 if is_there else 404)
    assert len([one for one in seen if "sessions" in one]) == 1
    assert (asha.user.full_name in answer.text) is is_there
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_doctors_page_is_a_strangers_once_the_session_is_over(asha, bose, signed_in, steady_clock):
    browser = signed_in(asha)
    steady_clock.advance(hours=1)
    answer = browser.get(f"/doctors/{bose.id}")
    assert answer.status_code == 200
    assert asha.user.full_name not in answer.text
    assert cookie(browser) is None


def test_a_page_that_asks_nothing_of_the_session_does_not_read_it(asha, signed_in):
    browser = signed_in(asha)
    with browser.statements() as seen:
        assert browser.get("/healthz").status_code == 200
        with browser.get("/static/portal.css") as answer:
            assert answer.status_code == 200
    assert not seen


def test_opening_pages_writes_nothing_but_the_last_visit_and_that_once_a_minute(asha, signed_in, steady_clock):
    browser = signed_in(asha)
    with browser.statements() as seen:
        for _ in range(3):
            browser.page("patient_profile.edit")
    assert all(statement.startswith("SELECT") for statement in seen), seen
    steady_clock.advance(seconds=61)
    with browser.statements() as seen:
        for _ in range(3):
            browser.page("patient_profile.edit")
    writes = [statement for statement in seen if not statement.startswith("SELECT")]
    assert len(writes) == 1
    assert writes[0].startswith("UPDATE sessions SET last_seen_at")


def test_every_answer_to_somebody_signed_in_is_kept_out_of_caches(asha, signed_in):
    browser = signed_in(asha)
    for path in ("/patient/profile", "/login", "/doctor/profile", "/staff"):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.vary


def test_while_the_database_is_away_visitors_see_what_needs_no_data(asha, client, signed_in, monkeypatch):
    browser = signed_in(asha)
    value = cookie(browser)

    def away(*_):
        raise OperationalError("SELECT 1", {}, ConnectionError("server closed the connection"))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", away)
    try:
        for endpoint in ("auth.login", "auth.signup", "auth.signup_patient"):
            assert client.get(client.url(endpoint)).status_code == 200
        assert client.get("/patient/profile").status_code == 302
        for path in ("/patient/profile", "/login", "/signup"):
            answer = browser.get(path)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert "Set-Cookie" not in answer.headers
    finally:
        event.remove(engine, "before_cursor_execute", away)
    assert cookie(browser) == value
    assert is_signed_in(browser)


def test_what_is_put_into_a_session_is_kept_with_its_row(app, asha, signed_in):
    browser = signed_in(asha)
    with app.app_context(), browser.session_transaction() as values:
        values["noted"] = "yes"
    db.session.expire_all()
    assert db.session.scalars(select(SignIn)).one().data["noted"] == "yes"
    assert is_signed_in(browser)


def test_ended_rows_are_swept_away(asha, chen, bose, signed_in, steady_clock):
    signed_in(asha)
    steady_clock.advance(minutes=20)
    signed_in(chen)
    steady_clock.advance(minutes=15)
    kept = signed_in(bose)
    assert services.delete_ended_sign_ins() == 1
    assert rows() == 2
    assert kept.page("doctor_profile.edit")


def test_a_found_row_was_seen_after_the_given_moment(asha, signed_in):
    id_hash = hashlib.sha256(cookie(signed_in(asha)).encode()).digest()
    now = clock.now()
    before, after = (IdleSince(now + delta, now) for delta in (timedelta(minutes=-1), timedelta(minutes=1)))
    assert queries.find_sign_in(id_hash, now=now, idle_since=before)
    assert queries.find_sign_in(id_hash, now=now, idle_since=after) is None
    assert queries.find_sign_in(id_hash, now=now + timedelta(days=1), idle_since=before) is None


def test_who_asks_for_heads_alone_uses_nothing_up(app, signed_in, session):
    """What is shown once (here, that a link is on its way) is still there for the page."""
    browser = signed_in(make.patient(is_verified=False))
    browser.submit("recovery.send_verification", on="/patient/")
    before = db.session.scalars(select(SignIn.data)).one()
    assert "_flashes" in before
    paths = [str(rule) for rule in app.url_map.iter_rules() if "HEAD" in rule.methods and not rule.arguments]
    for path in [*paths, "/calendar/callback?state=x&code=y"]:
        browser.head(path)
    assert len(paths) > 20
    assert db.session.scalars(select(SignIn.data)).one() == before
    assert "Email is turned off" in browser.get("/patient/").text
    assert "_flashes" not in db.session.scalars(select(SignIn.data)).one()
