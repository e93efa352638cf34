"""How many appointments to come a patient may have: in all, and with one doctor."""

from datetime import date, time

import pytest
from sqlalchemy import func, select

from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import TooManyBookings
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
    services.set_clinic_policy(most_future_bookings=2)
    book(make.slot(bose), asha)
    book(make.slot(eze, day=THURSDAY), asha)
    with pytest.raises(TooManyBookings) as refused:
        book(make.slot(bose), asha)
    assert refused.value.status == 409
    assert "You have 2 appointments to come, and no more than 2 can be booked online." in refused.value.message
    assert book(make.slot(bose), chen).status == "booked"


def test_a_doctors_number_counts_the_visits_with_that_doctor_alone(session, asha, bose, eze):
    services.set_doctor_policy(bose.id, most_future_bookings=1)
    book(make.slot(eze, day=THURSDAY), asha)
    book(make.slot(bose), asha)
    with pytest.raises(TooManyBookings, match="You have 1 appointment to come with this doctor"):
        book(make.slot(bose), asha)
    assert book(make.slot(eze), asha).status == "booked"


def test_a_doctors_number_stands_beside_the_clinics(session, asha, bose, eze):
    services.set_clinic_policy(most_future_bookings=2)
    services.set_doctor_policy(bose.id, most_future_bookings=10)
    book(make.slot(eze), asha)
    book(make.slot(eze), asha)
    with pytest.raises(TooManyBookings, match="no more than 2"):
        book(make.slot(bose, day=THURSDAY), asha)


def test_what_is_cancelled_or_over_does_not_count(session, asha, bose, steady_clock):
    services.set_clinic_policy(most_future_bookings=1)
    make.appointment(asha, doctor=bose, status="cancelled")
    over = make.appointment(asha, doctor=bose)
    steady_clock.set(over.ends_at)
    later = make.slot(bose, day=date(2026, 12, 3))
    assert book(later, asha).status == "booked"


def test_the_same_page_again_is_the_same_appointment_at_the_limit_too(session, asha, bose):
    services.set_clinic_policy(most_future_bookings=1)
    slot = make.slot(bose)
    first = book(slot, asha, "the-same-key-again")
    assert book(slot, asha, "the-same-key-again").id == first.id
    assert book(slot, asha, "a-key-of-another-tab").id == first.id


def test_a_lower_number_takes_nothing_away(session, asha, bose):
    visits = [make.appointment(asha, doctor=bose) for _ in range(3)]
    services.set_clinic_policy(most_future_bookings=1)
    assert {visit.status for visit in visits} == {"booked"}
    assert held(asha) == 3


def test_the_page_says_so_before_anybody_fills_it_in(signed_in, asha, bose):
    services.set_clinic_policy(most_future_bookings=1)
    make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(bose)
    browser = signed_in(asha)
    page = browser.page("patient.book", slot_id=slot.id, status=409)
    assert page.heading == "Not booked"
    assert page.title.startswith("Error: ")
    assert "You have 1 appointment to come, and no more than 1 can be booked online." in page.text
    assert page.has_link_to("/patient/appointments")
    assert page.link("020 7946 0100") == "tel:02079460100"
    assert not page.find_form(f"/patient/slots/{slot.id}/book")


def test_a_number_that_comes_between_page_and_submit_counts(signed_in, asha, bose):
    make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(bose, day=THURSDAY, start=time(11))
    browser = signed_in(asha)
    browser.page("patient.book", slot_id=slot.id)
    services.set_clinic_policy(most_future_bookings=1)
    answer = browser.submit("patient.book", slot_id=slot.id, status=409)
    assert "Nothing was booked for you." in answer.page.text
    assert held(asha) == 1


@pytest.mark.parametrize(("clinic", "own"), [(None, None), (3, None), (None, 3), (3, 3)])
def test_only_where_a_number_is_set_anybody_counts(session, signed_in, asha, bose, clinic, own):
    services.set_clinic_policy(most_future_bookings=clinic)
    services.set_doctor_policy(bose.id, most_future_bookings=own)
    slot = make.slot(bose)
    browser = signed_in(asha)
    path = f"/patient/slots/{slot.id}/book"
    with browser.statements() as looked:
        form = browser.get(path).page.find_form(path)
    with browser.statements() as booked:
        assert browser.post(path, data=form.values).status_code == 303
    counts = clinic is not None or own is not None
    assert len(looked) == 2 + counts
    assert len(booked) == 4 + 2 * counts  # the patient's row is locked, then counted


# ---- at the same moment


@pytest.mark.race
@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("most", [1, 3])
def test_bookings_of_one_patient_at_once_never_exceed_the_clinics_number(committing, most, attempt):
    services.set_clinic_policy(most_future_bookings=most)
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
    services.set_doctor_policy(doctor.id, most_future_bookings=2)
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
    services.set_clinic_policy(most_future_bookings=1)
    patients = [make.patient() for _ in range(8)]
    slots = [make.slot(make.doctor()) for _ in patients]
    ids = [slot.id for slot in slots]
    db.session.expunge_all()
    works = [
        lambda pair=pair: services.book(pair[0], patient=pair[1], idempotency_key=make.new_key())
        for pair in zip(ids, patients, strict=True)
    ]
    assert at_once(committing, works).kinds == {"Appointment": 8}
