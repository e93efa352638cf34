"""The rules about booking: the clinic's, a doctor's own, and what they allow at one moment."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hms import clock
from hms.availability import booking_rules, queries, rule_words
from hms.availability import services as availability
from hms.availability.models import DoctorPlan, StoredRules
from hms.db import db, transaction
from hms.errors import Invalid, NotFound
from hms.scheduling import services
from hms.scheduling.refusals import BeyondHorizon, TooSoon
from tests import make

LAST_OPEN = date(2027, 1, 22)  # sixty days after the Monday of all tests


def book(slot, patient):
    return services.book(slot.id, patient=patient, idempotency_key=make.new_key())


# ---- which rules hold


def test_the_clinic_starts_with_rules_of_its_own(session, bose):
    rules = booking_rules.of(bose.id)
    assert rules.minimum_notice == timedelta(hours=1)
    assert rules.horizon_days == 60
    assert rules.cancellation_window == timedelta(hours=24)
    assert (rules.most_future_bookings, rules.most_with_doctor, rules.gap_minutes) == (None, None, 0)
    assert booking_rules.clinic() == rules


def test_a_doctors_own_rule_takes_the_place_of_the_clinics_and_leaves_the_others(session, bose, eze):
    availability.set_clinic_rules(minimum_notice_minutes=120, most_future_bookings=5)
    availability.set_doctor_rules(bose.id, minimum_notice_minutes=0, most_future_bookings=2)
    own, usual = booking_rules.of(bose.id), booking_rules.of(eze.id)
    assert (own.minimum_notice, own.horizon_days) == (timedelta(), 60)
    assert (own.most_future_bookings, own.most_with_doctor) == (5, 2)
    assert (usual.minimum_notice, usual.most_with_doctor) == (timedelta(hours=2), None)


def test_an_empty_rule_is_the_clinics_again_and_nothing_is_stored_for_none(session, bose):
    availability.set_doctor_rules(bose.id, gap_minutes=10, horizon_days=14)
    availability.set_doctor_rules(bose.id, gap_minutes=None)
    assert (booking_rules.of(bose.id).gap_minutes, booking_rules.of(bose.id).horizon_days) == (0, 14)
    availability.set_doctor_rules(bose.id, horizon_days=None)
    assert queries.find_rules(bose.id) is None
    assert queries.list_own_rules() == []


def test_a_clinic_whose_row_is_lost_goes_by_the_usual_rules(session, bose, client):
    make.slot(bose)
    before = booking_rules.of(bose.id)
    with transaction():
        session.delete(queries.find_rules(None))
    assert booking_rules.of(bose.id) == before._replace(most_future_bookings=5)
    assert [link for link in client.page("directory.doctors").links if "/patient/slots/" in link]
    availability.set_clinic_rules(gap_minutes=5)
    assert booking_rules.of(bose.id).gap_minutes == 5


def test_rules_of_many_doctors_are_one_statement(session, client, bose, eze):
    availability.set_doctor_rules(eze.id, gap_minutes=15)
    with client.statements() as seen:
        found = booking_rules.read_ahead([bose.id, eze.id, None])
    assert len(seen) == 1
    assert [found[who].gap_minutes for who in (bose.id, eze.id, None)] == [0, 15, 0]


def test_in_a_request_rules_are_read_once_and_anew_after_a_change(app, session, client, bose):
    with app.test_request_context(), client.statements() as seen:
        booking_rules.of(bose.id)
        booking_rules.of(bose.id)
        assert len(seen) == 1
        availability.set_doctor_rules(bose.id, gap_minutes=15)
        assert booking_rules.of(bose.id).gap_minutes == 15


# ---- changing them


def test_a_change_says_what_was_and_what_is(session, bose):
    changes = availability.set_clinic_rules(minimum_notice_minutes=90, horizon_days=60, most_future_bookings=3)
    assert [tuple(change) for change in changes] == [
        ("minimum_notice_minutes", 60, 90),
        ("most_future_bookings", None, 3),
    ]
    assert [rule_words.changed(change) for change in changes] == [
        "Minimum notice: 90 minutes before (was: 1 hour before)",
        "Upcoming appointments: at most 3 per patient (was: no limit)",
    ]
    assert availability.set_clinic_rules(minimum_notice_minutes=90) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minimum_notice_minutes", -1),
        ("minimum_notice_minutes", 43_201),
        ("horizon_days", 0),
        ("horizon_days", 731),
        ("cancellation_hours", 721),
        ("most_future_bookings", 0),
        ("gap_minutes", 481),
    ],
)
def test_a_number_out_of_bounds_is_refused_and_changes_nothing(session, bose, name, value):
    for change in (
        lambda: availability.set_clinic_rules(**{name: value}),
        lambda: availability.set_doctor_rules(bose.id, **{name: value}),
    ):
        with pytest.raises(Invalid) as refused:
            change()
        assert refused.value.field == name
    assert booking_rules.of(bose.id) == booking_rules.clinic()
    assert queries.find_rules(bose.id) is None


@pytest.mark.parametrize("name", ["minimum_notice_minutes", "horizon_days", "cancellation_hours", "gap_minutes"])
def test_the_clinic_leaves_no_rule_empty_but_the_number(session, name):
    with pytest.raises(Invalid) as refused:
        availability.set_clinic_rules(**{name: None})
    assert refused.value.field == name
    availability.set_clinic_rules(most_future_bookings=None)


def test_a_doctor_who_does_not_exist_has_no_rules(session):
    with pytest.raises(NotFound):
        availability.set_doctor_rules(uuid4(), gap_minutes=5)


def waiting(session) -> set:
    return set(session.scalars(select(DoctorPlan.doctor_id).where(DoctorPlan.stale_since.is_not(None))))


def test_plans_are_looked_at_again_where_a_rule_shapes_them(session, bose, eze):
    availability.set_clinic_rules(minimum_notice_minutes=90, cancellation_hours=2, most_future_bookings=2)
    assert waiting(session) == set()
    availability.set_doctor_rules(bose.id, gap_minutes=5)
    assert waiting(session) == {bose.id}
    availability.set_clinic_rules(horizon_days=30)
    assert waiting(session) == {bose.id, eze.id}


def test_the_database_says_it_a_second_time(session, bose):
    for values in ({"doctor_id": bose.id, "horizon_days": 0}, {"doctor_id": None}):
        with pytest.raises(Exception, match=r"ck_booking_policies|uq_booking_policies"), transaction():
            db.session.add(StoredRules(**values))
            db.session.flush()


# ---- the horizon


def test_bookings_open_with_the_day_and_the_refusal_says_which(session, asha, bose, freeze):
    last = make.slot(bose, day=LAST_OPEN, start=time(23, 30))
    too_far = make.slot(bose, day=LAST_OPEN + timedelta(days=1), start=time(0, 0))
    with pytest.raises(BeyondHorizon) as refused:
        book(too_far, asha)
    assert refused.value.message == ("You can book up to 60 days ahead. This slot opens on Tuesday 24 November 2026.")
    assert book(last, asha).status == "booked"
    freeze(datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
    assert book(too_far, asha).status == "booked"


@pytest.mark.parametrize("zone", ["Europe/London", "Atlantic/Azores", "America/Havana", "Australia/Lord_Howe", "UTC"])
def test_the_database_closes_the_window_at_the_same_midnight(app, session, bose, monkeypatch, freeze, zone):
    """Over more than a year: every day on which some clock changes is some horizon's last."""
    monkeypatch.setitem(app.config, "CLINIC_TIMEZONE", zone)
    freeze(datetime(2026, 10, 20, 12, tzinfo=UTC))
    window = booking_rules.window(booking_rules.changes_ahead())
    for days in [*range(1, 200, 7), *range(150, 170), *range(1, 14), 365, 400, 730]:
        availability.set_doctor_rules(bose.id, horizon_days=days)
        statement = select(window.closes_at, window.opens_at).select_from(bose.__table__)
        row = session.execute(booking_rules.joined(statement, doctor_id=bose.id), booking_rules.moments()).first()
        rules = booking_rules.of(bose.id)
        assert (row[0], row[1]) == (rules.bookable_until, rules.bookable_from), days


def test_midnights_are_shifted_by_the_clock_changes_of_the_zone():
    london = booking_rules.clock_changes(date(2026, 11, 23), ZoneInfo("Europe/London"))
    assert london[0] == ((date(2027, 3, 28) - date(2026, 11, 23)).days, timedelta(hours=-1))
    assert booking_rules.clock_changes(date(2026, 11, 23), ZoneInfo("UTC")) == ()


# ---- between page and submit


def test_a_rule_that_changes_between_page_and_submit_counts(signed_in, asha, bose):
    slot = make.slot(bose, day=date(2026, 11, 26))
    browser = signed_in(asha)
    browser.page("patient.book", slot_id=slot.id)
    availability.set_doctor_rules(bose.id, minimum_notice_minutes=7 * 24 * 60)
    answer = browser.submit("patient.book", slot_id=slot.id, status=422)
    assert "You can only book online until 7 days before an appointment. Call us instead." in answer.page.text
    availability.set_doctor_rules(bose.id, minimum_notice_minutes=None, horizon_days=2)
    answer = browser.get(f"/patient/slots/{slot.id}/book")
    assert answer.status_code == 422
    assert "You can book up to 2 days ahead. This slot opens on Tuesday 24 November 2026." in answer.page.text


def test_a_change_never_touches_what_is_booked(session, asha, bose):
    visit = make.appointment(asha, doctor=bose, day=date(2026, 12, 10))
    availability.set_clinic_rules(
        horizon_days=1, minimum_notice_minutes=24 * 60, most_future_bookings=1, gap_minutes=60
    )
    session.expire_all()
    assert (visit.status, visit.slot.status) == ("booked", "busy")
    assert services.cancel_as_patient(visit.id, patient=asha).status == "cancelled"


def test_the_page_of_a_visit_goes_by_its_doctors_window(signed_in, asha, bose, eze):
    for doctor, start in ((bose, time(9)), (eze, time(10))):
        make.appointment(asha, doctor=doctor, day=date(2026, 11, 26), start=start)
    availability.set_doctor_rules(eze.id, cancellation_hours=96)
    page = signed_in(asha).page("patient.appointments")
    assert len([link for link in page.links if link.endswith("/cancel")]) == 1


def test_a_time_too_soon_is_told_with_the_doctors_own_notice(session, asha, bose, freeze):
    slot = make.slot(bose, day=date(2026, 11, 26), start=time(9))
    availability.set_doctor_rules(bose.id, minimum_notice_minutes=30)
    freeze(slot.starts_at - timedelta(minutes=29))
    with pytest.raises(TooSoon, match="until 30 minutes before an appointment"):
        book(slot, asha)
    freeze(slot.starts_at - timedelta(minutes=30))
    assert book(slot, asha).status == "booked"
    assert clock.now() == slot.starts_at - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=72), "3 days"),
        (timedelta(hours=73), "73 hours"),
    ],
)
def test_a_length_in_words(length, words):
    assert booking_rules.words(length) == words
