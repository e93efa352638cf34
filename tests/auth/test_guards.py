"""Guards: who is let in where, and where everybody else is sent."""

import pytest
from flask import url_for

from hms.areas import menus as areas
from hms.auth import guards
from hms.errors import Forbidden

PASSES = {
    "public": {"nobody", "asha", "bose", "rita", "dana"},
    "signed-in": {"asha", "bose", "rita", "dana"},
    "patient": {"asha"},
    "doctor": {"bose"},
    "has-appointments": {"asha", "bose"},
    "staff": {"rita", "dana"},
    "admin": {"dana"},
}
PEOPLE = ("nobody", "asha", "bose", "rita", "dana")


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("access", PASSES)
def test_each_access_lets_in_whom_it_names_and_nobody_else(app, request, monkeypatch, access, who):
    user = None if who == "nobody" else request.getfixturevalue(who)
    person = getattr(user, "user", user)
    monkeypatch.setattr(guards, "current_user", person or guards.Visitor())
    guard = guards.RoleGuard()
    with app.test_request_context("/door"):
        assert guard.lets_in(access) == (who in PASSES[access])
        if who in PASSES[access]:
            assert guard.check(access) is None
        elif person:
            with pytest.raises(Forbidden):
                guard.check(access)
        else:
            assert guard.check(access).location == url_for("auth.login", next="/door")


def test_each_role_is_at_home_in_an_area(app, client, monkeypatch, asha, bose, rita, dana):
    for user, path in (
        (asha.user, "/patient/"),
        (bose.user, "/doctor/"),
        (rita, "/staff"),
        (dana, "/staff"),
        (None, "/"),
    ):
        monkeypatch.setattr(guards, "current_user", user or guards.Visitor())
        with app.test_request_context():
            assert areas.own_home() == path


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
