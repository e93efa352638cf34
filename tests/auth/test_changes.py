"""An approved doctor's new name and specialty wait until an administrator has looked at them."""

import pytest
from sqlalchemy import select

from hms.auth import queries, services
from hms.auth.models import Doctor, DoctorChange
from hms.db import db
from tests import make
from tests.auth.test_profiles import PROFILE, save
from tests.race.crowd import at_once

NEW_NAME = "Professor Anil K. Bose"
ASKED = PROFILE | {"full_name": NEW_NAME, "specialty": "neurology"}


@pytest.fixture
def users(app, session):
    """``users("list")`` runs the command and answers its result."""

    def users(*arguments):
        session.commit()
        result = app.test_cli_runner().invoke(args=["users", *arguments])
        session.expire_all()
        return result

    return users


def facts(doctor):
    kept = db.session.get(Doctor, doctor.id, populate_existing=True)
    return kept.user.full_name, kept.specialty.slug


def decisions():
    return [change.decision for change in db.session.scalars(select(DoctorChange).order_by(DoctorChange.id))]


def test_patients_read_what_was_approved_until_somebody_has_looked(bose, signed_in, client):
    browser = signed_in(bose)
    save(browser, ASKED)
    assert facts(bose) == ("Dr Anil Bose", "cardiology")
    assert db.session.get(Doctor, bose.id).bio == "Headaches.\nAnd sleep.", "what needs no look is saved"
    for path in (f"/doctors/{bose.id}", "/doctors"):
        text = client.get(path).text
        assert "Dr Anil Bose" in text
        assert NEW_NAME not in text
    page = browser.page("doctor_profile.edit")
    assert "Waiting for approval" in page.text
    [name, specialty] = [" ".join(" ".join(line.itertext()).split()) for line in page.all(".//main//div/ul/li")]
    assert name == f"Name: {NEW_NAME} (patients still see Dr Anil Bose )"
    assert specialty == "Specialty: Neurology (patients still see Cardiology)"
    shown = page.find_form("/doctor/profile").values
    assert (shown["full_name"], shown["specialty"]) == (NEW_NAME, "neurology")


def test_saving_other_details_keeps_what_waits(bose, signed_in):
    browser = signed_in(bose)
    save(browser, ASKED)
    waiting = queries.find_waiting_change(bose.id).id
    browser.page("doctor_profile.edit")
    browser.submit("doctor_profile.edit", {"room": "Level 3"})
    assert queries.find_waiting_change(bose.id).id == waiting
    assert db.session.get(Doctor, bose.id).room == "Level 3"


def test_a_doctor_who_is_not_approved_yet_changes_everything_at_once(signed_in):
    doctor = make.doctor("Dr New", is_approved=False)
    save(signed_in(doctor), ASKED)
    assert facts(doctor) == (NEW_NAME, "neurology")
    assert decisions() == []


def test_asking_again_replaces_and_asking_for_what_is_there_takes_back(bose, signed_in):
    browser = signed_in(bose)
    save(browser, ASKED)
    save(browser, PROFILE | {"full_name": "Dr Bose", "specialty": "cardiology"})
    waiting = queries.find_waiting_change(bose.id)
    assert (waiting.full_name, waiting.specialty_id) == ("Dr Bose", None)
    save(browser, PROFILE | {"full_name": "Dr Anil Bose", "specialty": "cardiology"})
    assert queries.find_waiting_change(bose.id) is None
    assert decisions() == ["replaced", "withdrawn"]


def test_a_doctor_withdraws_what_waits(bose, signed_in):
    browser = signed_in(bose)
    save(browser, ASKED)
    page = browser.page("doctor_profile.edit")
    for _ in range(2):
        sent = {"csrf_token": page.csrf_token}
        assert browser.post("/doctor/profile/withdraw-changes", data=sent).status_code == 303
    page = browser.page("doctor_profile.edit")
    assert "Waiting for approval" not in page.text
    assert page.find_form("/doctor/profile").values["full_name"] == "Dr Anil Bose"
    assert decisions() == ["withdrawn"]


def test_nobody_withdraws_anothers_changes(bose, eze, signed_in):
    save(signed_in(bose), ASKED)
    browser = signed_in(eze)
    token = browser.page("doctor_profile.edit").csrf_token
    browser.post("/doctor/profile/withdraw-changes", data={"csrf_token": token})
    assert decisions() == [None]


def test_an_administrator_lists_and_approves(bose, signed_in, users, client, postbox):
    save(signed_in(bose), ASKED)
    postbox.deliver()
    line = users("list-changes").output
    assert line.startswith(f"bose@example.test\tDr Anil Bose → {NEW_NAME}, Cardiology → Neurology\t")
    result = users("approve-changes", "BOSE@example.test")
    assert (result.exit_code, result.output) == (0, f"Patients now read {NEW_NAME}, Neurology.\n")
    assert facts(bose) == (NEW_NAME, "neurology")
    assert NEW_NAME in client.get(f"/doctors/{bose.id}").text
    letter = postbox.only()
    assert (letter.type, letter.to, letter.data["decision"]) == ("DOCTOR_CHANGES_DECIDED", bose.user.email, "approved")
    assert users("list-changes").output == ""
    assert users("approve-changes", "bose@example.test").exit_code == 1


def test_an_administrator_rejects_with_a_reason_that_the_doctor_reads(bose, signed_in, users, postbox):
    save(signed_in(bose), ASKED)
    postbox.deliver()
    result = users("reject-changes", "bose@example.test", "--reason", "Send us the certificate.")
    assert (result.exit_code, result.output) == (0, "Patients still read Dr Anil Bose, Cardiology.\n")
    assert facts(bose) == ("Dr Anil Bose", "cardiology")
    assert "Send us the certificate." in postbox.only().text
    assert decisions() == ["rejected"]


def test_what_changed_after_an_administrator_looked_is_not_approved(bose, signed_in, users):
    browser = signed_in(bose)
    save(browser, ASKED)
    looked_at = users("list-changes").output.strip().rpartition("\t")[2]
    save(browser, PROFILE | {"full_name": "Your visit was cancelled", "specialty": "cardiology"})
    result = users("approve-changes", "bose@example.test", "--change", looked_at)
    assert result.exit_code == 1
    assert "something different" in result.output
    assert facts(bose) == ("Dr Anil Bose", "cardiology")


@pytest.mark.parametrize("command", ["approve-changes", "reject-changes"])
def test_a_decision_about_nothing_is_a_sentence(asha, bose, users, command):
    for email, sentence in (
        ("bose@example.test", "This doctor has no changes waiting for approval."),
        ("asha@example.test", "This isn’t a doctor’s account."),
        ("nobody@example.test", "There is no account with this email."),
    ):
        result = users(command, email)
        assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")


def test_a_new_name_is_found_once_it_is_approved(bose, signed_in, client):
    save(signed_in(bose), PROFILE | {"full_name": "Dr Zbigniew Wrzos", "specialty": "cardiology"})
    assert "Dr Anil Bose" not in client.get("/doctors?q=Wrzos").text
    services.approve_changes(bose.user_id)
    assert "Dr Zbigniew Wrzos" in client.get("/doctors?q=Wrzos").text


@pytest.mark.race
def test_of_two_decisions_at_once_one_counts(committing):
    doctor = make.doctor()
    user_id = doctor.user_id
    details = {"bio": "", "years_of_experience": 1, "phone": "", "room": "", "languages": "", "visit_minutes": 20}
    services.update_doctor(doctor, full_name="Dr Other", specialty="neurology", fee_minor=None, **details)
    db.session.remove()
    decide = [lambda: services.approve_changes(user_id), lambda: services.reject_changes(user_id)]
    assert at_once(committing, decide).kinds == {"DoctorChange": 1, "NothingWaits": 1}
