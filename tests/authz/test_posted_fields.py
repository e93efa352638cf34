"""Fields that no form has are not read: nobody makes themselves an administrator by posting ``role``."""

import pytest
from sqlalchemy import select

from hms.auth.models import Doctor, Patient, SignIn, User
from hms.availability.models import Slot
from hms.db import db
from hms.scheduling.models import Appointment
from tests import make

MODELS = (User, Patient, Doctor, Slot, Appointment, SignIn)


def all_columns(*, but: set[str]) -> dict[str, str]:
    """A value for every column of every table, under its own name, but for the fields that the form really has."""
    wanted = {
        "role": "admin",
        "status": "fulfilled",
        "approved_at": "2026-01-01T00:00",
        "email_verified_at": "2026-01-01T00:00",
        "deactivated_at": "2026-01-01T00:00",
        "version": "99",
        "fee_currency": "XXX",
        "reference": "AAAAAAAA",
    }
    names = {column.key for model in MODELS for column in model.__table__.columns} - but
    ids = {name: str(make.new_key()) for name in names if name == "id" or name.endswith("_id")}
    return {name: wanted.get(name, "1") for name in names} | ids


def values_of(row) -> dict[str, object]:
    """All columns of a stored row."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


@pytest.mark.parametrize("kind", ["patient", "doctor"])
def test_nobody_signs_up_as_more_than_they_may(session, client, kind):
    token = client.page(f"auth.signup_{kind}").csrf_token
    honest = {
        "csrf_token": token,
        "full_name": "Mal Ory",
        "email": "mal@example.test",
        "phone": "020 7946 0999",
        "password": make.PASSWORD,
    }
    if kind == "doctor":
        honest |= {"specialty": "cardiology", "licence_number": "1", "years_of_experience": "1", "bio": ""}
    client.post(f"/signup/{kind}", data=all_columns(but=set(honest)) | honest)
    user = db.session.scalars(select(User)).one()
    assert (user.role, user.email_verified_at, user.deactivated_at) == (kind, None, None)
    assert user.doctor is None or user.doctor.approved_at is None


def test_a_patient_changes_nothing_but_what_the_profile_shows(session, signed_in, asha):
    browser = signed_in(asha)
    form = browser.page("patient_profile.edit").find_form("/patient/profile")
    before, user_before = values_of(asha), values_of(asha.user)
    answer = browser.post("/patient/profile", data=all_columns(but=form.names) | form.values)
    assert answer.status_code == 303
    assert values_of(db.session.get(Patient, asha.id)) == before
    assert values_of(db.session.get(User, asha.user_id)) == user_before


def test_a_doctor_changes_nothing_but_what_the_profile_shows(session, signed_in, bose):
    browser = signed_in(bose)
    form = browser.page("doctor_profile.edit").find_form("/doctor/profile")
    before, user_before = values_of(bose), values_of(bose.user)
    unknown = all_columns(but=form.names | {"photo", "fee"})
    answer = browser.post("/doctor/profile", data=unknown | form.values, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert values_of(db.session.get(Doctor, bose.id)) == before
    assert values_of(db.session.get(User, bose.user_id)) == user_before


def test_a_booking_is_for_oneself_and_for_the_time_in_the_address(session, signed_in, asha, chen, bose):
    slot, other = make.slot(bose), make.slot(bose)
    browser = signed_in(asha)
    form = browser.page("patient.book", slot_id=slot.id).find_form(f"/patient/slots/{slot.id}/book")
    lies = {"patient_id": str(chen.id), "slot_id": str(other.id), "doctor_id": str(make.doctor().id)}
    browser.post(f"/patient/slots/{slot.id}/book", data=all_columns(but=form.names) | form.values | lies)
    made = db.session.scalars(select(Appointment)).one()
    assert (made.patient_id, made.slot_id, made.doctor_id) == (asha.id, slot.id, bose.id)
    assert (made.status, made.version) == ("booked", 1)


def test_a_doctor_offers_times_of_ones_own_only(session, signed_in, bose, eze):
    browser = signed_in(bose)
    browser.page("doctor.slots")
    data = {"day": "2026-11-26", "start": "10:00", "end": "10:20", "csrf_token": browser.csrf_token()}
    browser.post("/doctor/slots", data=data | {"doctor_id": str(eze.id), "doctor": str(eze.id), "status": "busy"})
    slot = db.session.scalars(select(Slot)).one()
    assert (slot.doctor_id, slot.status) == (bose.id, "free")


@pytest.mark.parametrize("verb", ["arrive", "complete", "no-show", "undo", "cancel"])
def test_the_address_alone_says_which_visit_is_meant(session, signed_in, bose, eze, asha, verb):
    """The address names a stranger's visit, the body one's own: refused, and neither is touched."""
    foreign, own = make.appointment(asha, doctor=eze), make.appointment(doctor=bose)
    browser = signed_in(bose)
    data = {"csrf_token": browser.csrf_token(), "appointment_id": str(own.id), "id": str(own.id), "reason": "Mine"}
    answer = browser.post(f"/doctor/appointments/{foreign.id}/{verb}?appointment_id={own.id}", data=data)
    assert answer.status_code == 404
    assert {db.session.get(Appointment, visit.id).status for visit in (foreign, own)} == {"booked"}
