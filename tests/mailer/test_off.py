"""Without an email function everything works, pages say that mail is off, and what was promised waits."""

from datetime import date, time

import pytest

from hms import outbox
from hms.db import transaction
from hms.mailer import sending
from tests import make
from tests.fixtures.mail import FUNCTION, Postbox

OFF = "Email is turned off"


@pytest.fixture
def made(asha, bose):
    """Asha with Dr Bose, on Thursday."""
    return make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26), start=time(9, 40)))


def test_messages_wait_and_leave_when_mail_is_switched_on(made, signed_in, bose, app, monkeypatch):
    assert outbox.deliver_due() == 0
    page = signed_in(bose).page("doctor.appointment", appointment_id=made.id)
    assert "Confirmation to the patient Not sent Email is off." in page.text

    postbox = Postbox()
    monkeypatch.setitem(app.config, "EMAIL_FUNCTION", FUNCTION)
    monkeypatch.setitem(app.extensions, "hms.senders", {"email": sending.deliver})
    monkeypatch.setattr(sending, "invoke", postbox.invoke)
    assert {letter.type for letter in postbox.deliver()} >= {"BOOKING_CONFIRMATION", "BOOKING_CONFIRMATION_DOCTOR"}
    page = signed_in(bose).page("doctor.appointment", appointment_id=made.id)
    assert "Confirmation to the patient Sent Monday 23 November 2026, 08:00." in page.text


def test_the_confirmation_tells_the_patient_to_note_the_reference(made, signed_in, asha):
    page = signed_in(asha).get(f"/patient/appointments/{made.id}?booked=1").page
    assert f"{OFF} at this clinic, so make a note of your reference." in page.text
    assert "on its way" not in page.text


def test_no_page_promises_a_mail(client, signed_in, asha):
    assert "confirmations" not in client.page("auth.signup_patient").text
    patient = signed_in(asha)
    assert f"{OFF} at this clinic, so we can’t send reminders." in patient.page("patient_profile.edit").text
    assert "Confirm your email" not in patient.page("patient.home").text


def test_a_forgotten_password_is_a_call_to_reception(client, asha, session):
    page = client.page("recovery.forgot")
    assert OFF in page.text
    assert "020 7946 0100" in page.text
    client.post("/forgot-password", data={"csrf_token": client.csrf_token(), "email": "asha@example.test"})
    assert not [message for message in outbox.list_messages() if message.payload["type"] == "PASSWORD_RESET"]


def test_where_mail_is_on_pages_say_so(made, signed_in, asha, client, postbox):
    assert "later your confirmations and reminders" in client.page("auth.signup_email").text
    with transaction():
        asha.user.email_verified_at = None
    patient = signed_in(asha)
    page = patient.get(f"/patient/appointments/{made.id}?booked=1").page
    assert "A confirmation is on its way to asha@example.test" in page.text
    assert "Confirm your email" in patient.page("patient.home").text
