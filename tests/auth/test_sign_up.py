"""Signing up: who one becomes, what is refused, what is kept."""

import pytest
from sqlalchemy import func, select

from hms.auth import queries
from hms.auth.models import Doctor, Patient, Role, SignIn, User
from hms.db import db
from hms.outbox import OutboxMessage
from tests import make

PATIENT = {"full_name": "Asha Rao", "email": "asha@example.test", "phone": "020 7946 0999", "password": make.PASSWORD}
DOCTOR = PATIENT | {"specialty": "cardiology", "licence_number": "GMC-1", "years_of_experience": "12", "bio": "Hearts."}


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_a_patient_signs_up_is_signed_in_and_promised_a_welcome_mail(session, client):
    assert client.submit("auth.signup_patient", PATIENT).location == "/patient/"
    user = queries.find_user_by_email("asha@example.test")
    assert (user.role, user.full_name, user.patient.phone) == (Role.PATIENT, "Asha Rao", "+442079460999")
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert mail.payload["type"] == "SIGNUP_WELCOME"
    assert mail.subject_id == user.id
    assert "Asha Rao" in client.page("patient_profile.edit").text


def test_a_doctor_signs_up_and_waits_for_approval(session, client):
    assert client.submit("auth.signup_doctor", DOCTOR).location == "/doctor/"
    doctor = queries.find_user_by_email("asha@example.test").doctor
    assert (doctor.specialty.slug, doctor.years_of_experience, doctor.bio) == ("cardiology", 12, "Hearts.")
    assert not doctor.is_approved
    assert "We’re checking your licence" in client.page("doctor_profile.edit").text


@pytest.mark.parametrize(("endpoint", "data"), [("auth.signup_patient", PATIENT), ("auth.signup_doctor", DOCTOR)])
def test_a_posted_role_or_state_is_not_read(session, client, endpoint, data):
    token = client.page(endpoint).csrf_token
    more = {
        "role": "admin",
        "is_admin": "1",
        "approved_at": "2026-01-01",
        "email_verified_at": "2026-01-01",
        "password_hash": "x",
        "id": "0192f0c1-0000-7000-8000-000000000000",
    }
    assert client.post(client.url(endpoint), data=data | more | {"csrf_token": token}).status_code == 303
    user = queries.find_user_by_email("asha@example.test")
    assert user.role == ("patient" if data is PATIENT else "doctor")
    assert str(user.id) != more["id"]
    assert user.email_verified_at is None
    assert user.password_hash.startswith("$argon2id$")
    assert not (user.doctor and user.doctor.is_approved)


@pytest.mark.parametrize("email", ["asha@example.test", "ASHA@Example.Test", " asha@example.test "])
def test_an_email_belongs_to_one_account_whatever_its_capitals(asha, client, email):
    answer = client.submit("auth.signup_patient", PATIENT | {"email": email}, status=409)
    assert "An account with this email already exists." in answer.page.text
    assert answer.page.title.startswith("Error:")
    assert answer.page.link("sign in with it") == "/login"
    assert count(User) == 1


def test_what_was_typed_is_kept_but_never_the_password(session, client):
    answer = client.submit("auth.signup_patient", PATIENT | {"email": "nonsense"}, status=422)
    values = answer.page.find_form("/signup/patient").values
    assert (values["full_name"], values["email"], values["password"]) == ("Asha Rao", "nonsense", "")
    assert make.PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""),
        ("full_name", "   "),
        ("full_name", "\u200b"),
        ("full_name", "Asha\0Rao"),
        ("full_name", "Asha\x1b[2J"),
        ("full_name", "Asha\nRao"),
        ("full_name", "A" * 121),
        ("email", ""),
        ("email", "asha\0@example.test"),
        ("email", "asha@example.test\r\nBcc: x@evil.test"),
        ("email", "a" * 300 + "@example.test"),
        ("phone", ""),
        ("phone", "call me"),
        ("phone", "-----"),
        ("phone", "0" * 41),
        ("password", ""),
        ("password", "short"),
        ("password", "asha@example.test"),
        ("password", "twelve\0characters"),
        ("password", "x y z w v" * 200),
        ("licence_number", ""),
        ("licence_number", "G" * 61),
        ("specialty", ""),
        ("specialty", "nonsense"),
        ("specialty", "cardio\0logy"),
        ("years_of_experience", ""),
        ("years_of_experience", "-1"),
        ("years_of_experience", "81"),
        ("years_of_experience", "٣"),
        ("years_of_experience", "1_0"),
        ("years_of_experience", "9" * 5000),
        ("bio", "x" * 2001),
        ("bio", "bell \x07"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence_and_changes_nothing(session, client, field, value):
    token = client.page("auth.signup_doctor").csrf_token
    answer = client.post("/signup/doctor", data=DOCTOR | {field: value, "csrf_token": token})
    assert answer.status_code == 422
    assert "There is a problem" in answer.page.text
    assert count(User) == count(Doctor) == count(SignIn) == count(OutboxMessage) == 0


@pytest.mark.parametrize(
    "name", ["👩🏽‍⚕️ Okafor", "名前", "محمد", "<script>alert(1)</script>", "{{ a*b }}", "O'Brien; --"]
)
def test_any_name_is_kept_and_shown_as_it_is(session, client, name):
    client.submit("auth.signup_patient", PATIENT | {"full_name": name})
    assert queries.find_user_by_email("asha@example.test").full_name == name
    page = client.page("patient_profile.edit")
    assert page.find_form("/patient/profile").values["full_name"] == name


@pytest.mark.parametrize("password", ["p" + "🐎🔋📎🌧🏔🦉🍋" * 18 + "q", "a phrase with blanks  "])
def test_a_long_password_with_blanks_and_emoji_signs_in_again(session, client, new_client, password):
    client.submit("auth.signup_patient", PATIENT | {"password": password})
    browser = new_client()
    browser.submit("auth.login", {"email": PATIENT["email"], "password": password.rstrip()[:-1]}, status=422)
    browser.submit("auth.login", {"email": PATIENT["email"], "password": password})


def test_the_chosen_time_is_kept_between_signing_up_and_in(session, client):
    target = "/patient/slots/0192f0c1-0000-7000-8000-000000000000/book"
    login = client.get(client.get(target).location).page
    signup = client.get(login.link("Create an account")).page
    form = client.get(signup.link("I’m a patient")).page
    assert form.find_form("/signup/patient").values["next"] == target
    assert client.get(form.link("Sign in")).page
    client.get(signup.link("I’m a patient"))
    refused = client.submit("auth.signup_patient", PATIENT | {"phone": ""}, status=422)
    assert refused.page.find_form("/signup/patient").values["next"] == target
    assert client.submit("auth.signup_patient", PATIENT).location == target


def test_without_the_token_nothing_is_made(session, client):
    assert client.post("/signup/patient", data=PATIENT).status_code == 400
    assert client.post("/signup/patient", data=PATIENT | {"csrf_token": "x"}).status_code == 400
    assert count(Patient) == 0


def test_who_is_signed_in_already_is_sent_home(asha, signed_in):
    browser = signed_in(asha)
    for endpoint in ("auth.signup", "auth.signup_patient", "auth.signup_doctor", "auth.login"):
        answer = browser.get(browser.url(endpoint))
        assert (answer.status_code, answer.location) == (303, "/patient/")


@pytest.mark.parametrize(("endpoint", "data"), [("auth.signup_patient", PATIENT), ("auth.signup_doctor", DOCTOR)])
def test_a_name_that_is_none_is_told_together_with_everything_else(session, client, endpoint, data):
    answer = client.submit(endpoint, data | {"full_name": "Rebook: evil.example", "phone": ""}, status=422)
    assert "Enter the name without web or email addresses." in answer.text
    assert "Enter a phone number." in answer.text
