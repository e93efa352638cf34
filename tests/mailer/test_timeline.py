"""What staff read of each message on the appointment's page."""

from datetime import date, time

import pytest

from hms import outbox
from hms.db import transaction
from hms.scheduling import services
from tests import make


@pytest.fixture
def made(asha, bose, postbox):
    """Asha with Dr Bose, on Thursday; nothing is sent yet."""
    return make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26), start=time(9, 40)))


@pytest.fixture
def messages(made, bose, signed_in):
    """``messages()``: what the doctor's page says, line by line."""
    doctor = signed_in(bose)

    def messages():
        page = doctor.page("doctor.appointment", appointment_id=made.id)
        return page.texts(".//section[@aria-labelledby='messages']//li")

    return messages


def test_what_waits_and_what_is_planned(messages):
    assert messages() == [
        "Confirmation to the patient Queued Leaves within seconds.",
        "Confirmation to the doctor Queued Leaves within seconds.",
        "Reminder to the patient, 24 hours before Planned For Wednesday 25 November 2026, 09:40.",
        "Reminder to the patient, 2 hours before Planned For Thursday 26 November 2026, 07:40.",
    ]


def test_what_was_sent_and_after_how_many_tries(messages, postbox, steady_clock):
    postbox.answers.append({"ok": False, "retryable": True, "error": "The mail server is full."})
    postbox.deliver()
    steady_clock.advance(minutes=1)
    said = "".join(messages())
    assert "Will be tried again The mail server is full. Next try Monday 23 November 2026, 08:00." in said
    postbox.deliver()
    assert "Sent Monday 23 November 2026, 08:01, after 2 tries." in "".join(messages())


def test_what_failed_for_good(messages, postbox):
    postbox.answers += [{"ok": False, "retryable": False, "error": "The mail server refused the recipient (550)."}] * 9
    postbox.deliver()
    assert any("Failed The mail server refused the recipient (550). Given up Monday" in line for line in messages())


def test_what_was_dropped_because_it_was_cancelled(messages, made, asha, postbox):
    services.cancel_as_patient(made.id, patient=asha)
    postbox.deliver()
    said = "".join(messages())
    assert "Confirmation to the patient Not sent The appointment was cancelled. Monday 23 November 2026, 08:00." in said
    assert "Cancellation to the patient Sent" in said


def test_a_message_that_nobody_can_read_does_not_break_the_page(messages, made, postbox):
    with transaction():
        for number, payload in enumerate(([], {}, {"type": "SOMETHING_NEW"}, {"type": 7})):
            outbox.enqueue("email", payload, dedup_key=str(number), subject_id=made.id)
    assert any("Something new" in line for line in messages())
    postbox.deliver()
    assert any("Failed" in line for line in messages())


def test_patients_do_not_see_it(made, signed_in, asha):
    page = signed_in(asha).page("patient.appointment", appointment_id=made.id)
    assert "Leaves within seconds" not in page.text
