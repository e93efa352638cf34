"""Signing in and out."""

import pytest

from hms.auth import services
from tests import make


@pytest.mark.parametrize(
    ("who", "home"), [("asha", "/patient/"), ("bose", "/doctor/"), ("dana", "/staff"), ("rita", "/staff")]
)
def test_everybody_is_led_to_the_first_page_of_their_role(request, client, who, home):
    person = request.getfixturevalue(who)
    email = getattr(person, "user", person).email
    assert client.submit("auth.login", {"email": email, "password": make.PASSWORD}).location == home


@pytest.mark.parametrize("email", ["ASHA@example.test", " Asha@Example.Test "])
def test_capitals_and_blanks_do_not_matter_in_the_email(asha, client, email):
    client.submit("auth.login", {"email": email, "password": make.PASSWORD})


def test_who_is_refused_is_not_told_whether_the_account_exists(asha, chen, client):
    services.deactivate("chen@example.test")
    pages = set()
    for email in ("asha@example.test", "chen@example.test", "nobody@example.test"):
        password = make.PASSWORD if email.startswith("chen") else "another-passphrase"
        answer = client.submit("auth.login", {"email": email, "password": password}, status=422)
        assert answer.page.find_form("/login").values["email"] == email
        pages.add(answer.page.text)
    assert len(pages) == 1
    assert "That email and password don’t match an account." in pages.pop()


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""),
        ("asha@example.test", ""),
        ("", make.PASSWORD),
        ("asha", make.PASSWORD),
        ("asha@example.test\0", make.PASSWORD),
        ("asha@example.test", make.PASSWORD + "\0"),
        ("asha@example.test", make.PASSWORD + " "),
        ("asha@example.test", "x" * 50_000),
        ("' OR 1=1 --", make.PASSWORD),
        ("x" * 50_000, make.PASSWORD),
    ],
)
def test_what_matches_no_account_is_a_page_with_a_sentence(asha, client, email, password):
    answer = client.submit("auth.login", {"email": email, "password": password}, status=422)
    assert "There is a problem" in answer.page.text
    assert answer.page.title.startswith("Error:")


def test_a_password_in_bytes_that_are_no_text_is_refused(asha, client):
    token = client.page("auth.login").csrf_token
    body = b"email=asha%40example.test&password=%ff%fe%ed%a0%80aaaaaaaaaaaa&csrf_token=" + token.encode()
    answer = client.post("/login", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422


def test_without_the_token_nobody_is_signed_in(asha, client):
    answer = client.post("/login", data={"email": "asha@example.test", "password": make.PASSWORD})
    assert answer.status_code == 400
    assert client.get("/patient/profile").status_code == 302


def test_signing_out_needs_a_button(asha, signed_in):
    browser = signed_in(asha)
    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout").status_code == 400
    browser.page("patient_profile.edit")
    assert browser.submit("auth.logout", on="/patient/profile").location == "/"
    assert browser.get("/patient/profile").status_code == 302


def test_signing_in_again_as_somebody_else_leaves_the_first_account(asha, bose, signed_in):
    browser = signed_in(asha)
    token = browser.page("patient_profile.edit").csrf_token
    data = {"email": "bose@example.test", "password": make.PASSWORD, "csrf_token": token}
    assert browser.post("/login", data=data).location == "/doctor/"
    assert browser.get("/patient/profile").status_code == 403


def test_staff_are_told_what_they_can_do(dana, rita, asha, bose, signed_in, client):
    for person in (dana, rita):
        assert "flask users approve-doctor" in signed_in(person).page("staff.overview").text
    for stranger in (asha, bose):
        signed_in(stranger).page("staff.overview", status=403)
    assert client.get("/staff").location == "/login?next=/staff"


def test_passwords_can_be_pasted_and_filled_in_by_a_manager(session, client):
    for endpoint, kind in (("auth.login", "current-password"), ("auth.signup_patient", "new-password")):
        field = client.page(endpoint).all(".//input[@type='password']")[0]
        assert field.get("autocomplete") == kind
        assert not [name for name in field.keys() if name.startswith("on")]  # noqa: SIM118  # an element is no dict
