"""Rules about booking that contradict each other, in the clinic's rules, in a doctor's own, and between the two."""

from itertools import product

import pytest

from hms.availability import booking_rules, queries, services
from hms.availability.models import StoredRules
from hms.db import db, transaction
from hms.errors import Conflict, Invalid
from tests import make

TWO_DAYS = 2 * 24 * 60


def test_a_notice_longer_than_bookings_open_is_refused_with_both_in_words(session):
    with pytest.raises(Invalid) as refused:
        services.set_clinic_rules(minimum_notice_minutes=30 * 24 * 60, horizon_days=1)

    assert refused.value.message == (
        "With these rules no one could ever book: the minimum notice is 30 days, but bookings open only 1 day ahead."
    )
    assert refused.value.field == "minimum_notice_minutes"
    assert queries.find_rules(None).horizon_days == 60


def test_the_rule_that_was_changed_is_the_one_that_is_complained_about(session):
    services.set_clinic_rules(minimum_notice_minutes=TWO_DAYS)

    with pytest.raises(Invalid, match="no one could ever book") as refused:
        services.set_clinic_rules(horizon_days=1)

    assert refused.value.field == "horizon_days"


def test_a_notice_as_long_as_bookings_open_leaves_a_time_to_book_and_is_allowed(session):
    services.set_clinic_rules(minimum_notice_minutes=TWO_DAYS, horizon_days=2)


def test_a_window_in_which_nobody_could_ever_cancel_is_refused(session):
    with pytest.raises(
        Invalid, match="cancel online: online cancelling ends 3 days before, but bookings open only 2 days"
    ) as refused:
        services.set_clinic_rules(cancellation_hours=72, horizon_days=2)

    assert refused.value.field == "cancellation_hours"


@pytest.mark.parametrize(
    ("clinic", "own"),
    [
        ({}, {"minimum_notice_minutes": TWO_DAYS, "horizon_days": 1}),
        ({"horizon_days": 1}, {"minimum_notice_minutes": TWO_DAYS}),
        ({"minimum_notice_minutes": TWO_DAYS}, {"horizon_days": 1}),
        ({"horizon_days": 2}, {"cancellation_hours": 49}),
        ({"cancellation_hours": 49}, {"horizon_days": 2}),
    ],
)
def test_a_doctors_own_rules_do_not_contradict_themselves_or_the_clinics(session, bose, clinic, own):
    if clinic:
        services.set_clinic_rules(**clinic)

    with pytest.raises(Invalid, match="no one could ever"):
        services.set_doctor_rules(bose.id, **own)

    assert queries.find_rules(bose.id) is None


def test_which_of_the_two_is_the_clinics_is_said(session, bose):
    services.set_clinic_rules(horizon_days=1)

    with pytest.raises(Invalid, match=r"notice is 48 hours, but bookings open only 1 day ahead \(the clinic’s rule\)"):
        services.set_doctor_rules(bose.id, minimum_notice_minutes=TWO_DAYS)


def test_leaving_a_rule_to_the_clinic_can_contradict_as_well(session, bose):
    services.set_clinic_rules(horizon_days=1)
    services.set_doctor_rules(bose.id, minimum_notice_minutes=TWO_DAYS, horizon_days=2)

    with pytest.raises(Invalid, match="no one could ever book"):
        services.set_doctor_rules(bose.id, horizon_days=None)


def test_a_change_of_the_clinics_that_contradicts_doctors_own_rules_says_whose(session, bose, eze):
    services.set_doctor_rules(bose.id, minimum_notice_minutes=TWO_DAYS)

    with pytest.raises(Conflict) as refused:
        services.set_clinic_rules(horizon_days=1)
    assert refused.value.message == (
        "With the rules of their own that Dr Anil Bose has, no one could ever book. "
        "Change those first, or choose another number here."
    )

    services.set_doctor_rules(eze.id, minimum_notice_minutes=TWO_DAYS)
    with pytest.raises(Conflict, match="that Dr Anil Bose and Dr Ngozi Eze have, no one could ever book"):
        services.set_clinic_rules(horizon_days=1)
    assert booking_rules.of(bose.id).horizon_days == 60


def test_of_many_doctors_a_few_are_named_and_the_others_counted(session):
    for number in range(5):
        services.set_doctor_rules(make.doctor(f"Dr Number {number}").id, minimum_notice_minutes=TWO_DAYS)

    with pytest.raises(Conflict, match="that Dr Number 0, Dr Number 1 and 3 more have"):
        services.set_clinic_rules(horizon_days=1)


def test_a_doctor_with_a_rule_of_their_own_is_not_touched_by_the_clinics(session, bose):
    services.set_doctor_rules(bose.id, minimum_notice_minutes=TWO_DAYS, horizon_days=30)

    services.set_clinic_rules(horizon_days=1)

    assert booking_rules.of(bose.id).horizon_days == 30


def test_in_every_combination_of_the_clinics_and_a_doctors_rules_somebody_can_book(session, bose):
    """Whatever order the two are set in, what holds in the end lets somebody book, and cancel."""
    notices, horizons = (None, 60, 24 * 60, TWO_DAYS), (None, 1, 2)
    for clinic_notice, clinic_horizon, notice, horizon in product(notices[1:], horizons[1:], notices, horizons):
        for change in (
            lambda n=clinic_notice, h=clinic_horizon: services.set_clinic_rules(
                minimum_notice_minutes=n, horizon_days=h
            ),
            lambda n=notice, h=horizon: services.set_doctor_rules(bose.id, minimum_notice_minutes=n, horizon_days=h),
        ):
            try:
                change()
            except (Invalid, Conflict):
                session.expire_all()
            rules = booking_rules.of(bose.id)
            assert rules.minimum_notice.total_seconds() <= rules.horizon_days * 24 * 3600
            assert rules.cancellation_window.total_seconds() <= rules.horizon_days * 24 * 3600


@pytest.mark.parametrize("rules", [{"minimum_notice_minutes": 1441}, {"cancellation_hours": 25}])
def test_the_table_refuses_it_too(session, bose, rules):
    with pytest.raises(Exception, match="within_horizon"), transaction():
        db.session.add(StoredRules(doctor_id=bose.id, horizon_days=1, **rules))
        db.session.flush()


def test_the_pages_and_the_command_say_it(app, signed_in, dana, bose):
    admin = signed_in(dana)
    page = admin.submit(
        "staff.clinic_policy", {"minimum_notice_minutes": "43200", "horizon_days": "1"}, status=422
    ).page
    assert "With these rules no one could ever book: the minimum notice is 30 days" in page.text
    assert page.find_form("/staff/policies/clinic").values["minimum_notice_minutes"] == "43200"

    services.set_doctor_rules(bose.id, minimum_notice_minutes=TWO_DAYS)
    page = admin.submit("staff.clinic_policy", {"horizon_days": "1"}, on="/staff/policies/clinic", status=409).page
    assert "that Dr Anil Bose has, no one could ever book" in page.text

    answer = app.test_cli_runner().invoke(args=["policies", "set", "--horizon-days", "1"])
    assert answer.exit_code == 1
    assert "that Dr Anil Bose has, no one could ever book" in answer.output
