"""Signing up where mail is on: the address is proved first, and nobody learns who is a patient here."""

import re
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from hms.auth import codes, queries, services
from hms.auth.models import EmailCode, User
from hms.db import db, new_id, transaction
from hms.outbox import OutboxMessage
from tests import make
from tests.auth.proving import ask, code_in, prove

pytestmark = pytest.mark.usefixtures("postbox")

EMAIL = "new@example.test"
DETAILS = {"full_name": "Noor Haddad", "phone": "020 7946 0999", "password": make.PASSWORD}
DOCTOR = DETAILS | {"specialty": "cardiology", "licence_number": "GMC-1", "years_of_experience": "12", "bio": "Hearts."}
NEW = "another-passphrase-for-tests"


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def is_in(browser):
    return browser.get("/patient/").status_code == 200


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


class TestTheWay:
    def test_email_code_details_make_a_verified_patient_who_is_signed_in(self, client, postbox):
        target = "/patient/slots/0192f0c1-0000-7000-8000-000000000000/book"
        answer = client.get(client.url("auth.signup_patient", next=target))
        assert answer.location.startswith("/signup/email?kind=patient&next=")
        letter = ask(client, postbox, " NEW@Example.Test ", next=target)
        assert letter.to == EMAIL
        assert count(User) == 0
        page = client.last_page
        assert page.heading == "Check your email"
        assert "We’ve sent a 6-digit code to new@example.test" in page.text
        answer = client.submit("auth.signup_code", {"code": code_in(letter)})
        page = client.get(answer.location).page
        assert "new@example.test is confirmed" in page.text
        assert "email" not in page.find_form("/signup/patient").names
        assert client.submit("auth.signup_patient", DETAILS).location == target
        user = queries.find_user_by_email(EMAIL)
        assert (user.role, user.patient.phone) == ("patient", "+442079460999")
        assert user.email_verified_at is not None
        welcome = postbox.only()
        assert (welcome.type, welcome.data["action_url"]) == ("SIGNUP_WELCOME", "http://localhost/login")
        assert is_in(client)

    def test_a_doctor_goes_the_same_way_and_then_waits_for_approval(self, client, postbox):
        client.get("/signup/doctor")
        assert prove(client, postbox, EMAIL, kind="doctor").location == "/signup/doctor"
        assert client.submit("auth.signup_doctor", DOCTOR).location == "/doctor/"
        doctor = queries.find_user_by_email(EMAIL).doctor
        assert (doctor.is_approved, doctor.user.email_verified_at is not None) == (False, True)
        assert "once we’ve approved" in postbox.only().text

    @pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{3}"])
    def test_a_code_is_read_as_people_write_and_paste_it(self, client, postbox, typed):
        code = code_in(ask(client, postbox, EMAIL))
        wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in code)
        client.submit("auth.signup_code", {"code": typed.format(code, code[:3], code[3:], wide)})

    def test_a_posted_email_is_not_read_once_another_was_proved(self, client, postbox):
        prove(client, postbox, EMAIL)
        token = client.get("/signup/patient").page.csrf_token
        client.post("/signup/patient", data=DETAILS | {"csrf_token": token, "email": "victim@example.test"})
        assert queries.find_user_by_email("victim@example.test") is None
        assert queries.find_user_by_email(EMAIL) is not None

    def test_details_that_are_refused_keep_what_was_typed_and_the_proof(self, client, postbox):
        prove(client, postbox, EMAIL)
        page = client.submit("auth.signup_patient", DETAILS | {"password": "short"}, status=422).page
        assert page.find_form("/signup/patient").values["full_name"] == "Noor Haddad"
        client.submit("auth.signup_patient", DETAILS)

    def test_who_comes_back_to_an_earlier_step_is_led_on(self, client, postbox):
        prove(client, postbox, EMAIL)
        assert client.get("/signup/code").location == "/signup/patient"
        assert client.get("/signup/account").location == "/signup/patient"
        assert client.get("/signup/email").status_code == 200, "to change the address"

    @pytest.mark.parametrize("path", ["/signup/email?kind=admin", "/signup/email?kind="])
    def test_there_are_two_kinds_of_account(self, client, path):
        assert client.get(path).status_code == 404


class TestWithoutProof:
    @pytest.mark.parametrize("kind", ["patient", "doctor"])
    def test_no_account_is_made(self, client, kind):
        token = client.page("auth.signup_email").csrf_token
        data = DOCTOR | {"csrf_token": token, "email": "victim@example.test"}
        answer = client.post(f"/signup/{kind}", data=data)
        assert answer.location == f"/signup/email?kind={kind}"
        assert count(User) == 0

    def test_a_code_that_was_sent_but_not_entered_proves_nothing(self, client, postbox):
        ask(client, postbox, EMAIL)
        assert client.get("/signup/patient").location.startswith("/signup/email")

    def test_a_proof_is_bound_to_the_browser(self, client, new_client, postbox):
        code = code_in(ask(client, postbox, EMAIL))
        other = new_client()
        token = other.page("auth.signup_email").csrf_token
        assert other.post("/signup/code", data={"code": code, "csrf_token": token}).location.startswith("/signup/email")
        client.submit("auth.signup_code", {"code": code})
        assert other.get("/signup/patient").location.startswith("/signup/email")

    def test_a_proof_is_used_once(self, client, postbox):
        prove(client, postbox, EMAIL)
        cookie = client.get_cookie("hms").value
        client.submit("auth.signup_patient", DETAILS)
        client.set_cookie("hms", cookie)
        assert client.get("/signup/patient").location.startswith("/signup/email")

    def test_the_service_takes_no_proof_of_another_address(self, client, postbox):
        prove(client, postbox, EMAIL)
        browser = "somebody else's browser"
        with pytest.raises(services.CodeEnded):
            services.sign_up_patient(**DETAILS, email=EMAIL, browser=browser)
        services.send_code("third@example.test", browser=browser)
        services.enter_code(code_in(postbox.only()), browser=browser)
        with pytest.raises(services.CodeEnded):
            services.sign_up_patient(**DETAILS, email=EMAIL, browser=browser)
        assert count(User) == 0


class TestTheCode:
    def test_five_wrong_codes_end_it(self, client, postbox, steady_clock):
        code = code_in(ask(client, postbox, EMAIL))
        for number in range(1, 6):
            answer = client.submit("auth.signup_code", {"code": wrong(code)}, status=422 if number < 5 else 429)
        assert answer.page.heading == "Too many wrong codes"
        token = answer.page.csrf_token or client.csrf_token()
        answer = client.post("/signup/code", data={"code": code, "csrf_token": token})
        assert (answer.status_code, answer.page.heading) == (429, "Too many wrong codes")
        steady_clock.advance(minutes=1)
        client.get("/signup/code")
        client.submit("auth.signup_email", {})
        client.get("/signup/code")
        assert client.submit("auth.signup_code", {"code": code_in(postbox.only())}).location == "/signup/patient"

    def test_what_is_no_code_at_all_is_no_try(self, client, postbox):
        code = code_in(ask(client, postbox, EMAIL))
        for typed in ("", "12345", "1234567", "abc", "x" * 39):
            client.submit("auth.signup_code", {"code": typed}, status=422)
        assert queries.find_live_code(_browser_hash()).wrong_tries == 0
        client.submit("auth.signup_code", {"code": code})

    def test_it_works_for_ten_minutes(self, client, postbox, steady_clock):
        code = code_in(ask(client, postbox, EMAIL))
        steady_clock.advance(minutes=10)
        answer = client.submit("auth.signup_code", {"code": code}, status=409)
        assert "This code has expired. Ask for a new one." in answer.page.text

    def test_a_mail_that_is_late_or_replaced_is_not_sent(self, postbox, steady_clock):
        services.send_code(EMAIL, browser="one")
        steady_clock.advance(minutes=11)
        assert postbox.deliver() == []
        services.send_code(EMAIL, browser="one")
        steady_clock.advance(minutes=3)
        services.send_code(EMAIL, browser="one")
        assert len(postbox.deliver()) == 1
        assert count(EmailCode) == 3
        assert db.session.query(EmailCode).filter(EmailCode.ended_at.is_(None)).count() == 1

    def test_the_details_may_take_an_hour(self, client, postbox, steady_clock):
        prove(client, postbox, EMAIL)
        steady_clock.advance(minutes=59)
        client.get("/signup/patient")
        form = client.last_page.find_form("/signup/patient").values
        steady_clock.advance(minutes=2)
        answer = client.post("/signup/patient", data=form | DETAILS)
        assert answer.location.startswith("/signup/email")
        assert count(User) == 0

    def test_neither_row_nor_promise_holds_the_code(self, client, postbox):
        code = code_in(ask(client, postbox, EMAIL))
        rows = [str(vars(row)) for model in (EmailCode, OutboxMessage) for row in db.session.scalars(select(model))]
        assert not [row for row in rows if re.search(rf"(?<!\d){code}(?!\d)", row)]

    def test_it_depends_on_the_secret_key(self, session, app, monkeypatch):
        request = services.send_code(EMAIL, browser="one")
        before = codes.code_of(request)
        monkeypatch.setitem(app.config, "SECRET_KEY", "u" * 40)
        assert codes.code_of(request) != before

    def test_codes_are_spread_over_all_numbers(self, session):
        requests = [EmailCode(id=new_id(), browser_hash=b"b" * 32) for _ in range(500)]
        found = {codes.code_of(request) for request in requests}
        assert all(re.fullmatch(r"[0-9]{6}", code) for code in found)
        assert len(found) > 480
        assert {code[0] for code in found} == set("0123456789")


def _browser_hash() -> bytes:
    return db.session.scalars(select(EmailCode.browser_hash)).one()


class TestWhoIsAPatient:
    def test_the_pages_do_not_tell(self, asha, new_client, postbox):
        postbox.deliver()
        seen = []
        for email in ("asha@example.test", EMAIL):
            browser = new_client()
            with browser.statements() as statements:
                letter = ask(browser, postbox, email)
            page = browser.last_page.markup.replace(email, "EMAIL")
            seen.append((re.sub(r'value="[^"]{60,}"', "TOKEN", page), len(statements)))
        assert seen[0] == seen[1]
        assert letter.type == "SIGN_UP_CODE"

    def test_the_mail_says_that_there_is_an_account(self, asha, client, postbox):
        postbox.deliver()
        assert "You already have an account at Northgate Hospital" in ask(client, postbox, "asha@example.test").text

    def test_the_mail_holds_nothing_that_a_stranger_typed(self, client, postbox):
        letter = ask(client, postbox, EMAIL)
        ours = {"clinic_name", "clinic_phone", "emergency_line", "code", "action_url", "expires_text"}
        assert set(letter.data) == ours
        assert letter.data["action_url"] == "http://localhost/signup/code"

    def test_the_code_leads_to_signing_in(self, asha, client, postbox):
        postbox.deliver()
        answer = prove(client, postbox, "asha@example.test", next="/patient/profile")
        answer = client.get(client.get(answer.location).location)
        assert answer.page.heading == "You already have an account"
        assert answer.page.has_link_to("/login?next=/patient/profile")
        assert count(User) == 1

    def test_the_code_leads_to_a_new_password(self, asha, client, postbox):
        postbox.deliver()
        prove(client, postbox, "asha@example.test")
        answer = client.submit("auth.signup_account", on="/signup/account")
        form = client.get(answer.location).page.find_form(answer.location)
        assert client.post(answer.location, data={**form.values, "password": NEW}).location == "/login?reset=1"
        assert services.authenticate("asha@example.test", NEW)
        assert client.get("/signup/account").location.startswith("/signup/patient"), "the proof has ended, too"

    def test_nobody_gets_there_without_the_code(self, asha, client, postbox):
        postbox.deliver()
        ask(client, postbox, "asha@example.test")
        token = client.last_page.csrf_token
        assert client.post("/signup/account", data={"csrf_token": token}).location.startswith("/signup/patient")

    def test_a_closed_account_is_not_opened_by_a_code(self, asha, client, postbox):
        services.deactivate("asha@example.test")
        prove(client, postbox, "asha@example.test")
        page = client.page("auth.signup_account")
        assert page.heading == "This account is closed"
        assert page.find_form("/signup/account") is None
        answer = client.post("/signup/account", data={"csrf_token": client.csrf_token()})
        assert answer.status_code == 409

    def test_an_account_that_was_made_meanwhile_is_said_to_be_there(self, client, postbox):
        prove(client, postbox, EMAIL)
        client.get("/signup/patient")
        make.patient(email=EMAIL)
        answer = client.post("/signup/patient", data=DETAILS | {"csrf_token": client.last_page.csrf_token})
        assert answer.location == "/signup/account?kind=patient"


class TestPauses:
    @pytest.mark.parametrize("email", [EMAIL, "asha@example.test"])
    def test_they_grow_and_are_the_same_for_known_and_unknown(self, asha, postbox, steady_clock, email):
        postbox.deliver()
        sent_after = []
        for minute in range(100):
            with suppress(services.CodeJustSent):
                services.send_code(email, browser=f"browser {minute}")
            sent_after += [minute] * len(postbox.deliver())
            steady_clock.advance(minutes=1)
        assert sent_after == [0, 1, 3, 8, 23, 83]

    def test_the_page_says_when_the_next_code_can_be_asked_for(self, client, postbox, freeze):
        freeze()
        ask(client, postbox, EMAIL)
        assert "You can ask for a new code at 08:01." in client.last_page.text
        answer = client.submit("auth.signup_email", {"email": EMAIL}, on="/signup/email")
        assert answer.location.startswith("/signup/code")
        assert postbox.deliver() == []

    def test_another_browser_is_told_when(self, client, new_client, postbox, freeze):
        freeze()
        ask(client, postbox, EMAIL)
        answer = new_client().submit("auth.signup_email", {"email": EMAIL}, status=429)
        assert "We’ve just sent a code to this address. You can ask for another at 08:01." in answer.page.text

    def test_a_stranger_who_asks_does_not_end_the_owners_code(self, client, postbox, steady_clock):
        code = code_in(ask(client, postbox, EMAIL))
        steady_clock.advance(minutes=2)
        services.send_code(EMAIL, browser="a stranger's")
        client.submit("auth.signup_code", {"code": code})

    def test_other_addresses_have_pauses_of_their_own(self, postbox):
        for number in range(3):
            services.send_code(f"p{number}@example.test", browser=f"browser {number}")
        assert len(postbox.deliver()) == 3

    def test_verification_has_them_too_and_says_so(self, signed_in, postbox, freeze):
        freeze()
        asha = make.patient(email="asha@example.test", is_verified=False)
        postbox.deliver()
        browser = signed_in(asha)
        browser.submit("recovery.send_verification", on="/patient/")
        assert len(postbox.deliver()) == 1
        answer = browser.submit("recovery.send_verification", on="/patient/")
        assert "You can ask for another at 08:01." in browser.get(answer.location).page.text
        assert postbox.deliver() == []

    def test_what_is_old_is_forgotten(self, postbox, steady_clock):
        services.send_code(EMAIL, browser="one")
        steady_clock.advance(hours=25)
        services.forget_old_requests()
        assert count(EmailCode) == 0


def test_where_mail_is_off_there_is_one_form_and_the_account_is_unverified(client, app, monkeypatch):
    monkeypatch.setitem(app.config, "EMAIL_FUNCTION", "")
    assert client.get("/signup/email").location == "/signup/patient"
    client.submit("auth.signup_patient", DETAILS | {"email": EMAIL}, on="/signup/patient")
    assert queries.find_user_by_email(EMAIL).email_verified_at is None


def test_reception_can_confirm_an_address(session):
    user = make.patient(is_verified=False).user
    services.confirm_email(user.email)
    assert user.email_verified_at is not None


def test_a_reset_ends_the_codes_of_the_address(asha, session):
    services.send_code("asha@example.test", browser="one")
    with transaction():
        services.change_password(asha.user, current=make.PASSWORD, password=NEW)
    assert db.session.query(EmailCode).filter(EmailCode.ended_at.is_(None)).count() == 0
