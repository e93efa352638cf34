"""``flask users``: what staff do from the command line."""

import pytest

from hms.auth import queries, services
from hms.db import transaction
from tests import make


@pytest.fixture
def users(app, session):
    """``users("list", "--role", "admin")`` runs the command and answers its result."""
    runner = app.test_cli_runner()

    def users(*arguments, stdin=None):
        session.commit()
        result = runner.invoke(args=["users", *arguments], input=stdin)
        session.expire_all()
        return result

    return users


@pytest.mark.parametrize(("command", "role"), [("create-admin", "admin"), ("create-receptionist", "receptionist")])
def test_staff_are_made_with_a_password_that_is_not_shown(users, command, role):
    typed = f"{make.PASSWORD}\n{make.PASSWORD}\n"
    result = users(command, "Dana@Example.test", "--name", "Dana Reyes", stdin=typed)
    assert result.exit_code == 0, result.output
    assert f"Made the {role} Dana Reyes, who signs in as dana@example.test." in result.output
    assert make.PASSWORD not in result.output
    assert queries.find_user_by_email("dana@example.test").role == role
    assert services.authenticate("dana@example.test", make.PASSWORD)


def test_a_password_can_come_from_another_program(users):
    result = users(
        "create-admin", "dana@example.test", "--name", "Dana", "--password-stdin", stdin=" blanks stay  \r\n"
    )
    assert result.exit_code == 0, result.output
    assert services.authenticate("dana@example.test", " blanks stay  ")


@pytest.mark.parametrize(
    ("email", "name", "password", "sentence"),
    [
        ("nonsense", "Dana", make.PASSWORD, "Enter an email address, like name@example.org."),
        ("dana@example.test", " ", make.PASSWORD, "Enter a full name."),
        ("dana@example.test", "Dana", "short", "Use at least 12 characters."),
        ("dana@example.test", "Dana", "", "Use at least 12 characters."),
        ("ASHA@example.test", "Dana", make.PASSWORD, "An account with this email already exists."),
    ],
)
def test_a_refusal_is_a_sentence_and_exit_code_one(asha, users, email, name, password, sentence):
    result = users("create-admin", email, "--name", name, "--password-stdin", stdin=password + "\n")
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert queries.find_user_by_email("dana@example.test") is None


def test_approving_a_doctor_shows_them_to_patients(users):
    doctor = make.doctor("Dr New", email="new@example.test", is_approved=False)
    for _ in range(2):
        result = users("approve-doctor", "NEW@example.test")
        assert (result.exit_code, result.output) == (0, "Patients can now find Dr New, Cardiology.\n")
    assert doctor.is_approved


@pytest.mark.parametrize("command", ["approve-doctor", "deactivate"])
def test_nobody_is_approved_or_closed_by_mistake(asha, users, command):
    result = users(command, "nobody@example.test")
    assert (result.exit_code, result.output) == (1, "Error: There is no account with this email.\n")


def test_a_patient_cannot_be_approved_as_a_doctor(asha, users):
    result = users("approve-doctor", "asha@example.test")
    assert (result.exit_code, result.output) == (1, "Error: This isn’t a doctor’s account.\n")


def test_a_deactivated_account_cannot_sign_in(asha, users, signed_in):
    browser = signed_in(asha)
    result = users("deactivate", "asha@example.test")
    assert result.exit_code == 0, result.output
    assert browser.get("/patient/profile").status_code == 302
    with pytest.raises(services.WrongCredentials):
        services.authenticate("asha@example.test", make.PASSWORD)


def test_the_list_says_who_is_who(asha, bose, dana, users):
    make.doctor("Dr New", email="new@example.test", is_approved=False)
    services.deactivate("asha@example.test")
    assert users("list").output.splitlines() == [
        "asha@example.test\tpatient\tAsha Rao\tdeactivated",
        "bose@example.test\tdoctor\tDr Anil Bose\tactive",
        "dana@example.test\tadmin\tDana Reyes\tactive",
        "new@example.test\tdoctor\tDr New\twaiting for approval",
    ]
    assert users("list", "--role", "admin").output == "dana@example.test\tadmin\tDana Reyes\tactive\n"


def test_a_long_list_comes_in_pages_and_says_how_many_are_left(asha, bose, dana, users):
    emails = ["asha@example.test", "bose@example.test", "dana@example.test"]
    first = users("list", "--limit", "2").output.splitlines()
    assert [line.partition("\t")[0] for line in first] == [*emails[:2], "… and 1 more of 3: --page 2"]
    for page in ("2", "9" * 30):
        rest = users("list", "--limit", "2", "--page", page).output.splitlines()
        assert [line.partition("\t")[0] for line in rest] == emails[2:]
    assert users("list", "--limit", "0").exit_code == 2


def test_a_name_cannot_give_the_terminal_orders(users, session):
    asha = make.patient("Asha", email="asha@example.test")
    with transaction():
        asha.user.full_name = "Asha \u202egnp.exe\u2066"  # as an older version kept it
    output = users("list").output
    assert "\u202e" not in output
    assert "Asha ?gnp.exe?" in output
