"""Guards: who passes which door, and where everybody else is sent."""

import pytest
from flask import Blueprint, Flask, url_for

from hms.auth import guards
from hms.errors import Forbidden

PASSES = {
    "public": {"nobody", "asha", "bose", "rita", "dana"},
    "signed-in": {"asha", "bose", "rita", "dana"},
    "patient": {"asha"},
    "doctor": {"bose"},
    "staff": {"rita", "dana"},
    "admin": {"dana"},
}
PEOPLE = ("nobody", "asha", "bose", "rita", "dana")


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("allowed", PASSES)
def test_each_kind_of_access_lets_pass_whom_it_names_and_nobody_else(app, request, monkeypatch, allowed, who):
    monkeypatch.setattr(guards, "access", {})
    door = Blueprint("door", __name__)
    guards.guard(door, allowed)
    user = None if who == "nobody" else request.getfixturevalue(who)
    person = getattr(user, "user", user)
    monkeypatch.setattr(guards, "current_user", person or guards.Visitor())
    with app.test_request_context("/door"):
        passes = who in PASSES[allowed]
        if passes:
            assert guards._check("door") is None
        elif person:
            with pytest.raises(Forbidden):
                guards._check("door")
        else:
            assert guards._check("door").location == url_for("auth.login", next="/door")


def test_a_view_can_have_access_of_its_own(monkeypatch):
    monkeypatch.setattr(guards, "access", {})
    guards.guard(Blueprint("door", __name__), "public", room="admin")
    assert guards.access_of("door.room") == "admin"
    assert guards.access_of("door.hall") == "public"
    assert guards.access_of("elsewhere") is None


def test_a_kind_of_access_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="everybody"):
        guards.guard(Blueprint("door", __name__), "everybody")


def test_every_door_of_accounts_is_guarded(app: Flask):
    for name in ("auth", "patient_profile", "doctor_profile"):
        assert guards.access[name]
    assert guards.access_of("staff.overview") == "staff"


def test_a_visitor_is_sent_to_sign_in_and_back(session, client):
    assert client.get("/patient/profile?a=b").location == "/login?next=/patient/profile?a%3Db"
    assert client.get("/doctor/profile").location == "/login?next=/doctor/profile"


def test_a_form_sent_by_a_visitor_leads_back_to_the_page_it_stood_on(session, client):
    token = client.page("auth.login").csrf_token
    for referrer, target in (
        ("http://localhost/patient/profile", "/login?next=/patient/profile"),
        ("http://evil.test/patient", "/login"),
    ):
        answer = client.post("/patient/profile", data={"csrf_token": token}, headers={"Referer": referrer})
        assert (answer.status_code, answer.location) == (302, target)


def test_the_person_who_is_signed_in_is_at_hand_and_anybody_else_is_refused(app, asha, bose, monkeypatch):
    monkeypatch.setattr(guards, "current_user", asha.user)
    assert guards.current_patient.id == asha.id
    with pytest.raises(Forbidden):
        _ = guards.current_doctor.id
    monkeypatch.setattr(guards, "current_user", bose.user)
    assert guards.current_doctor.id == bose.id
    monkeypatch.setattr(guards, "current_user", guards.Visitor())
    for person in (guards.current_patient, guards.current_doctor):
        with pytest.raises(Forbidden):
            _ = person.id
