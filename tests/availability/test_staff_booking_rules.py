"""The rules about booking on the staff's pages and from the command line."""

from datetime import timedelta
from uuid import uuid4

import pytest

from hms.availability import booking_rules, queries, services


@pytest.fixture
def admin(signed_in, dana):
    """The administrator's browser."""
    return signed_in(dana)


def test_the_page_tells_the_rules_in_words_and_who_differs(signed_in, rita, bose):
    services.set_clinic_rules(minimum_notice_minutes=90, most_future_bookings=3)
    services.set_doctor_rules(bose.id, cancellation_hours=72, gap_minutes=0)
    text = signed_in(rita).page("staff.policies").text
    assert "Minimum notice 90 minutes before" in text
    assert "Bookings open 60 days ahead" in text
    assert "Online cancellation until 24 hours before" in text
    assert "Upcoming appointments at most 3 per patient" in text
    assert "Dr Anil Bose Online cancellation: until 3 days before Gap after each visit: none" in text
    assert "Only administrators can change the rules." in text


def test_an_administrator_changes_the_clinics_rules_and_reads_what_is_new(admin, bose):
    page = admin.page("staff.clinic_policy")
    assert page.find_form("/staff/policies/clinic").values["minimum_notice_minutes"] == "60"
    answer = admin.submit("staff.clinic_policy", {"minimum_notice_minutes": "120", "most_future_bookings": "4"})
    text = admin.get(answer.location).page.text
    assert "Minimum notice: 2 hours before (was: 1 hour before)" in text
    assert "Upcoming appointments: at most 4 per patient (was: no limit)" in text
    assert "Bookings open:" not in text
    assert booking_rules.of(bose.id).minimum_notice == timedelta(hours=2)


def test_saving_without_a_change_says_so(admin):
    answer = admin.submit("staff.clinic_policy")
    assert "Nothing changed." in admin.get(answer.location).page.text


def test_a_doctors_rules_name_the_clinics_and_empty_ones_go_back_to_them(admin, bose):
    page = admin.page("staff.doctor_policy", doctor_id=bose.id)
    assert "Leave blank to use the clinic’s setting (60 days ahead)." in page.text
    answer = admin.submit("staff.doctor_policy", {"horizon_days": "14"}, doctor_id=bose.id)
    assert "Bookings open: 14 days ahead (was: clinic’s setting)" in admin.get(answer.location).page.text
    assert booking_rules.of(bose.id).horizon_days == 14
    admin.submit("staff.doctor_policy", {"horizon_days": ""}, doctor_id=bose.id, on=f"/staff/doctors/{bose.id}/policy")
    assert queries.find_rules(bose.id) is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("-1", "Enter a whole number, like 60."),
        ("1.5", "Enter a whole number, like 60."),
        ("1_0", "Enter a whole number, like 60."),
        ("٣", "Enter a whole number, like 60."),
        ("9999999", "Enter a whole number, like 60."),
        ("0", "Enter 1 to 730 days."),
        ("731", "Enter 1 to 730 days."),
    ],
)
def test_a_number_that_cannot_be_a_rule_is_said_beside_its_field(admin, bose, value, sentence):
    for endpoint, values in (("staff.clinic_policy", {}), ("staff.doctor_policy", {"doctor_id": bose.id})):
        page = admin.submit(endpoint, {"horizon_days": value}, on=admin.url(endpoint, **values), status=422, **values)
        assert page.page.title.startswith("Error: ")
        assert sentence in page.page.text
        assert page.page.find_form(admin.url(endpoint, **values)).values["horizon_days"] == value
    assert booking_rules.of(bose.id).horizon_days == 60


def test_the_clinic_leaves_nothing_but_the_number_empty(admin):
    answer = admin.submit("staff.clinic_policy", {"cancellation_hours": ""}, status=422)
    assert "Enter a number. Doctors without their own rule use this one." in answer.page.text
    admin.submit("staff.clinic_policy", {"cancellation_hours": "24", "most_future_bookings": ""})


def test_a_receptionist_reads_and_changes_nothing(signed_in, rita, bose):
    reception = signed_in(rita)
    assert not [link for link in reception.page("staff.policies").links if link.endswith(("/clinic", "/policy"))]
    for endpoint, values in (("staff.clinic_policy", {}), ("staff.doctor_policy", {"doctor_id": bose.id})):
        reception.page(endpoint, status=403, **values)
        data = {"csrf_token": reception.csrf_token(), "horizon_days": "1"}
        assert reception.post(reception.url(endpoint, **values), data=data).status_code == 403
    assert booking_rules.of(bose.id).horizon_days == 60


def test_a_doctor_who_does_not_exist_is_not_found(admin):
    admin.page("staff.doctor_policy", doctor_id=uuid4(), status=404)


# ---- flask policies


@pytest.fixture
def invoke(app, session):
    """Run ``flask policies``."""
    return lambda *told: app.test_cli_runner().invoke(args=["policies", *told])


def test_the_command_shows_the_rules_and_which_are_a_doctors_own(invoke, bose):
    assert invoke("show").output == (
        "Minimum notice: 1 hour before\n"
        "Bookings open: 60 days ahead\n"
        "Online cancellation: until 24 hours before\n"
        "Changing the time online: until 24 hours before\n"
        "Changes of one appointment: at most 3 by the patient\n"
        "Upcoming appointments: no limit\n"
        "Gap after each visit: none\n"
    )
    services.set_doctor_rules(bose.id, gap_minutes=10)
    own = invoke("show", "--doctor", bose.user.email).output
    assert "Gap after each visit: 10 minutes (own rule)\n" in own
    assert "Bookings open: 60 days ahead\n" in own


def test_the_command_sets_rules_and_says_what_is_new(invoke, bose):
    answer = invoke("set", "--horizon-days", "30", "--most-future-bookings", "5")
    assert answer.output == (
        "Bookings open: 30 days ahead (was: 60 days ahead)\n"
        "Upcoming appointments: at most 5 per patient (was: no limit)\n"
    )
    invoke("set", "--doctor", bose.user.email, "--horizon-days", "7")
    answer = invoke("set", "--doctor", bose.user.email, "--horizon-days", "none")
    assert answer.output == "Bookings open: clinic’s setting (was: 7 days ahead)\n"
    assert invoke("set", "--horizon-days", "30").output == "Nothing was changed.\n"
    assert booking_rules.of(bose.id).horizon_days == 30


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (("set",), "Name at least one rule to change."),
        (("set", "--horizon-days", "0"), "Enter 1 to 730 days."),
        (("set", "--horizon-days", "none"), "Enter a number"),
        (("set", "--horizon-days", "-1"), "neither a whole number nor none"),
        (("set", "--doctor", "nobody@example.test", "--horizon-days", "9"), "There is no doctor with the address"),
        (("show", "--doctor", "nobody@example.test"), "There is no doctor with the address"),
    ],
)
def test_what_the_command_cannot_do_is_said(invoke, told, sentence):
    answer = invoke(*told)
    assert answer.exit_code != 0
    assert sentence in answer.output
