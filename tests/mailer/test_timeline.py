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
    assert "Cancellation to the patient Not sent It was cancelled before anything was sent about it." in said


def test_no_reminder_of_a_cancelled_visit_is_promised(messages, made, asha, postbox):
    postbox.deliver()
    services.cancel_as_patient(made.id, patient=asha)
    said = messages()
    assert "Reminder to the patient, 24 hours before Won’t be sent The appointment was cancelled." in said
    assert not [line for line in said if "Planned" in line]


def test_no_reminder_is_promised_that_the_patient_has_switched_off(messages, made, asha):
    with transaction():
        asha.wants_reminders = False
    assert [line for line in messages() if "Planned" in line] == []
    assert "Reminder to the patient, 2 hours before Won’t be sent The patient has turned reminders off." in messages()


def test_what_may_have_been_sent_is_not_called_sent(messages, postbox):
    answer = {"ok": False, "retryable": False, "error": "It may have been sent: no answer came.", "fault": "unsure"}
    postbox.answers += [answer] * 9
    postbox.deliver()
    at = "Monday 23 November 2026, 08:00"
    assert f"Confirmation to the patient May have been sent It may have been sent: no answer came. {at}." in messages()


def test_whose_fault_it_is_that_mail_waits_stands_on_receptions_first_page(made, signed_in, postbox, rita):
    postbox.answers += [{"ok": False, "retryable": True, "error": "Our login is refused (535).", "fault": "ours"}] * 9
    postbox.deliver()
    text = signed_in(rita).page("staff.overview").text
    assert "Emails aren’t being sent: our own email settings are wrong" in text
    assert "Our login is refused (535)." in text


def test_what_the_recipients_server_refused_stands_there_too_and_nothing_else_does(made, signed_in, postbox, rita):
    said = "couldn’t be sent this week"
    assert said not in signed_in(rita).page("staff.overview").text
    postbox.answers.append(
        {"ok": False, "retryable": False, "error": "The mail server refused the recipient (550).", "fault": "recipient"}
    )
    postbox.deliver()
    assert f"1 email {said}" in signed_in(rita).page("staff.overview").text


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
