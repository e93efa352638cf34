"""How many appointments to come a patient may have: in all, and with one doctor."""

from datetime import date, time

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select, text

from hms import clock
from hms.availability import booking_rules
from hms.availability import services as availability
from hms.db import db, transaction
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import TooManyBookings, TooOften
from tests import make
from tests.race import invariants
from tests.race.crowd import at_once

THURSDAY = date(2026, 11, 26)


def book(slot, patient, key=""):
    return services.book(slot.id, patient=patient, idempotency_key=key or make.new_key())


def held(patient) -> int:
    """How many appointments of the patient hold their time."""
    own = (Appointment.patient_id == patient.id) & (Appointment.status != "cancelled")
    return db.session.scalar(select(func.count()).select_from(Appointment).where(own))


def test_the_clinics_number_counts_the_visits_with_all_doctors(session, asha, chen, bose, eze):
    availability.set_clinic_rules(most_future_bookings=2)
    book(make.slot(bose), asha)
    book(make.slot(eze, day=THURSDAY), asha)
    with pytest.raises(TooManyBookings) as refused:
        book(make.slot(bose), asha)
    assert refused.value.status == 409
    assert "You have 2 upcoming appointments. You can’t book more than 2 online." in refused.value.message
    assert book(make.slot(bose), chen).status == "booked"


def test_a_doctors_number_counts_the_visits_with_that_doctor_alone(session, asha, bose, eze):
    availability.set_doctor_rules(bose.id, most_future_bookings=1)
    book(make.slot(eze, day=THURSDAY), asha)
    book(make.slot(bose), asha)
    with pytest.raises(TooManyBookings, match="You have 1 upcoming appointment with this doctor"):
        book(make.slot(bose), asha)
    assert book(make.slot(eze), asha).status == "booked"


def test_a_doctors_number_stands_beside_the_clinics(session, asha, bose, eze):
    availability.set_clinic_rules(most_future_bookings=2)
    availability.set_doctor_rules(bose.id, most_future_bookings=10)
    book(make.slot(eze), asha)
    book(make.slot(eze), asha)
    with pytest.raises(TooManyBookings, match="more than 2"):
        book(make.slot(bose, day=THURSDAY), asha)


def test_what_is_cancelled_or_over_does_not_count(session, asha, bose, steady_clock):
    availability.set_clinic_rules(most_future_bookings=1)
    make.appointment(asha, doctor=bose, status="cancelled")
    over = make.appointment(asha, doctor=bose)
    steady_clock.set(over.ends_at)
    later = make.slot(bose, day=date(2026, 12, 3))
    assert book(later, asha).status == "booked"


def test_the_same_page_again_is_the_same_appointment_at_the_limit_too(session, asha, bose):
    availability.set_clinic_rules(most_future_bookings=1)
    slot = make.slot(bose)
    first = book(slot, asha, "the-same-key-again")
    assert book(slot, asha, "the-same-key-again").id == first.id
    assert book(slot, asha, "a-key-of-another-tab").id == first.id


def test_a_lower_number_takes_nothing_away(session, asha, bose):
    visits = [make.appointment(asha, doctor=bose) for _ in range(3)]
    availability.set_clinic_rules(most_future_bookings=1)
    assert {visit.status for visit in visits} == {"booked"}
    assert held(asha) == 3


def test_the_page_says_so_before_anybody_fills_it_in(signed_in, asha, bose):
    availability.set_clinic_rules(most_future_bookings=1)
    make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(bose)
    browser = signed_in(asha)
    page = browser.page("patient.book", slot_id=slot.id, status=409)
    assert page.heading == "Not booked"
    assert page.title.startswith("Error: ")
    assert "You have 1 upcoming appointment. You can’t book more than 1 online." in page.text
    assert page.has_link_to("/patient/appointments")
    assert page.link("020 7946 0100") == "tel:+442079460100"
    assert not page.find_form(f"/patient/slots/{slot.id}/book")


def test_a_number_that_comes_between_page_and_submit_counts(signed_in, asha, bose):
    make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(bose, day=THURSDAY, start=time(11))
    browser = signed_in(asha)
    browser.page("patient.book", slot_id=slot.id)
    availability.set_clinic_rules(most_future_bookings=1)
    answer = browser.submit("patient.book", slot_id=slot.id, status=409)
    assert "Nothing was booked for you." in answer.page.text
    assert held(asha) == 1


@pytest.mark.parametrize(("clinic", "own"), [(None, None), (3, None), (None, 3), (3, 3)])
def test_counting_costs_no_statement_of_its_own(session, signed_in, asha, bose, clinic, own):
    availability.set_clinic_rules(most_future_bookings=clinic)
    availability.set_doctor_rules(bose.id, most_future_bookings=own)
    slot = make.slot(bose)
    browser = signed_in(asha)
    path = f"/patient/slots/{slot.id}/book"
    with browser.statements() as looked:
        form = browser.get(path).page.find_form(path)
    with browser.statements() as booked:
        assert browser.post(path, data=form.values).status_code == 303
    assert len(looked) == 2
    assert len(booked) == 5  # one of them is the line in the audit log


# ---- what holds unless the clinic says otherwise


def test_a_new_clinic_allows_five_appointments_to_come(migrated_database, new_app):
    app = new_app(migrated_database())
    with app.app_context():
        assert booking_rules.clinic().most_future_bookings == 5
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM booking_policies"))
        assert booking_rules.clinic().most_future_bookings == 5


@pytest.mark.parametrize(("horizon", "most"), [(60, 5), (90, None)])
def test_a_clinic_that_has_changed_a_rule_keeps_any_number(new_database, new_app, horizon, most):
    app = new_app(new_database())
    with app.app_context():
        upgrade(revision="0010")
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE booking_policies SET horizon_days = :days"), {"days": horizon})
        upgrade()
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT most_future_bookings FROM booking_policies")).scalar() == most


# ---- whose address nobody has proved


def test_an_unproved_address_can_have_one_appointment_to_come(session, signed_in, bose):
    ursula = make.patient("Ursula Unproved", is_verified=False)
    book(make.slot(bose), ursula)
    slot = make.slot(bose)
    with pytest.raises(
        TooManyBookings, match="Until your email address is confirmed, you can only have one upcoming appointment"
    ):
        book(slot, ursula)
    page = signed_in(ursula).page("patient.book", slot_id=slot.id, status=409)
    assert page.heading == "Not booked"
    assert "Call us to book another." in page.text  # mail is off: there is nothing to confirm by
    with transaction():
        ursula.user.email_verified_at = clock.now()
    assert book(slot, ursula).status == "booked"


def test_a_clinic_may_allow_a_proved_address_no_more_either(session, asha, bose):
    availability.set_clinic_rules(most_future_bookings=1)
    book(make.slot(bose), asha)
    with pytest.raises(TooManyBookings, match="more than 1"):
        book(make.slot(bose), asha)


# ---- within an hour


@pytest.fixture
def three_an_hour(app, monkeypatch):
    monkeypatch.setitem(app.config, "CHANGES_PER_HOUR", 3)


def cancel(visit, patient):
    return services.cancel_as_patient(visit.id, patient=patient)


def test_who_books_and_cancels_in_turn_has_to_wait(three_an_hour, session, steady_clock, signed_in, asha, chen, bose):
    slot = make.slot(bose, day=date(2026, 12, 3))
    for _ in range(3):
        cancel(book(slot, asha), asha)
    with pytest.raises(TooOften) as refused:
        book(slot, asha)
    assert refused.value.status == 409
    assert refused.value.message == "You have booked 3 appointments in the last hour. Try again in an hour, or call us."
    page = signed_in(asha).page("patient.book", slot_id=slot.id, status=409)
    assert page.heading == "Not booked"
    assert "Nothing was booked for you." in page.text
    cancel(book(slot, chen), chen)
    steady_clock.advance(minutes=61)
    assert book(slot, asha).status == "booked"


def test_cancelling_is_limited_too_and_says_so(three_an_hour, session, steady_clock, signed_in, asha, bose):
    visits = []
    for hour in (9, 10):
        slots = [make.slot(bose, day=date(2026, 12, 3), start=time(hour, minute)) for minute in (0, 30)]
        visits += [book(slot, asha) for slot in slots]
        steady_clock.advance(minutes=61)
    for visit in visits[:3]:
        cancel(visit, asha)
    with pytest.raises(TooOften, match="You have cancelled 3 appointments in the last hour"):
        cancel(visits[3], asha)
    answer = signed_in(asha).submit("patient.cancel", appointment_id=visits[3].id, status=409)
    assert "Try again in an hour, or call us." in answer.page.text
    assert held(asha) == 1
    steady_clock.advance(minutes=61)
    assert cancel(visits[3], asha).status == "cancelled"


def test_what_a_doctor_cancels_is_not_counted_as_the_patients(session, app, monkeypatch, asha, bose):
    slot = make.slot(bose, day=date(2026, 12, 3))
    for _ in range(3):
        services.cancel_as_doctor(make.appointment(asha, slot=slot).id, doctor=bose, reason="Called away")
    last = make.appointment(asha, slot=slot)
    monkeypatch.setitem(app.config, "CHANGES_PER_HOUR", 3)
    assert cancel(last, asha).status == "cancelled"


def test_nought_sets_no_limit(app, session, monkeypatch, asha, bose):
    monkeypatch.setitem(app.config, "CHANGES_PER_HOUR", 0)
    slot = make.slot(bose, day=date(2026, 12, 3))
    for _ in range(12):
        cancel(book(slot, asha), asha)
    assert book(slot, asha).status == "booked"


def test_what_a_clock_that_ran_ahead_has_noted_does_not_count(three_an_hour, session, steady_clock, asha, bose):
    slot = make.slot(bose, day=date(2026, 12, 3))
    right = clock.now()
    steady_clock.advance(hours=20)
    for _ in range(3):
        cancel(book(slot, asha), asha)
    steady_clock.set(right)
    visit = book(slot, asha)
    assert cancel(visit, asha).status == "cancelled"


def test_clocks_that_differ_by_seconds_let_nobody_book_more(three_an_hour, session, steady_clock, asha, bose):
    slot = make.slot(bose, day=date(2026, 12, 3))
    right = clock.now()
    steady_clock.advance(seconds=10)
    for _ in range(3):
        cancel(book(slot, asha), asha)
    steady_clock.set(right)
    with pytest.raises(TooOften):
        book(slot, asha)


# ---- at the same moment


@pytest.mark.race
@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("most", [1, 3])
def test_bookings_of_one_patient_at_once_never_exceed_the_clinics_number(committing, most, attempt):
    availability.set_clinic_rules(most_future_bookings=most)
    patient = make.patient()
    slots = [make.slot(doctor) for doctor in (make.doctor(), make.doctor()) for _ in range(5)]
    slots = slots[:5] + [
        make.slot(make.doctor(), starts_at=slot.ends_at.replace(hour=14 + n)) for n, slot in enumerate(slots[5:])
    ]
    ids = [slot.id for slot in slots]
    db.session.expunge_all()
    works = [
        lambda slot_id=slot_id: services.book(slot_id, patient=patient, idempotency_key=make.new_key())
        for slot_id in ids
    ]
    outcomes = at_once(committing, works)
    assert outcomes.kinds == {"Appointment": most, "TooManyBookings": len(ids) - most}, outcomes
    assert held(patient) == most
    with db.engine.connect() as connection:
        assert invariants.broken(connection) == {}


@pytest.mark.race
def test_bookings_of_one_patient_at_once_never_exceed_a_doctors_number(committing):
    doctor, other = make.doctor(), make.doctor()
    availability.set_doctor_rules(doctor.id, most_future_bookings=2)
    patient = make.patient()
    slots = [make.slot(doctor) for _ in range(6)]
    elsewhere = [make.slot(other, starts_at=slots[-1].ends_at)]
    ids = [slot.id for slot in slots + elsewhere]
    db.session.expunge_all()
    works = [
        lambda slot_id=slot_id: services.book(slot_id, patient=patient, idempotency_key=make.new_key())
        for slot_id in ids
    ]
    outcomes = at_once(committing, works)
    assert outcomes.kinds == {"Appointment": 3, "TooManyBookings": 4}, outcomes
    assert held(patient) == 3


@pytest.mark.race
def test_bookings_of_several_patients_do_not_wait_for_each_other(committing):
    availability.set_clinic_rules(most_future_bookings=1)
    patients = [make.patient() for _ in range(8)]
    slots = [make.slot(make.doctor()) for _ in patients]
    ids = [slot.id for slot in slots]
    db.session.expunge_all()
    works = [
        lambda pair=pair: services.book(pair[0], patient=pair[1], idempotency_key=make.new_key())
        for pair in zip(ids, patients, strict=True)
    ]
    assert at_once(committing, works).kinds == {"Appointment": 8}


@pytest.mark.race
def test_bookings_of_one_patient_at_once_never_exceed_those_of_an_hour(committing, three_an_hour):
    patient = make.patient()
    ids = [make.slot(make.doctor(), day=THURSDAY, start=time(9 + n)).id for n in range(8)]
    db.session.expunge_all()
    works = [lambda one=one: services.book(one, patient=patient, idempotency_key=make.new_key()) for one in ids]
    assert at_once(committing, works).kinds == {"Appointment": 3, "TooOften": 5}
    assert held(patient) == 3


@pytest.mark.race
def test_cancellations_of_one_patient_at_once_never_exceed_those_of_an_hour(committing, app, monkeypatch):
    patient = make.patient()
    slots = [make.slot(make.doctor(), day=THURSDAY, start=time(9 + n)) for n in range(6)]
    ids = [make.appointment(patient, slot=slot).id for slot in slots]
    monkeypatch.setitem(app.config, "CHANGES_PER_HOUR", 3)
    db.session.expunge_all()
    works = [lambda one=one: services.cancel_as_patient(one, patient=patient) for one in ids]
    assert at_once(committing, works).kinds == {"Appointment": 3, "TooOften": 3}
    assert held(patient) == 3
