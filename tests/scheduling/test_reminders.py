"""Reminders: each once, decided when they are sent, however late or often the worker looks."""

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest

from hms import clock, outbox
from hms.db import db, transaction
from hms.scheduling import services
from tests import make
from tests.scheduling.test_emails import move

STARTS_AT = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)
NEXT = "It’s too late: the next reminder takes its place."


@pytest.fixture
def appointment(asha, bose, postbox):
    """Thursday 26 November, 09:40, booked on Monday; the confirmations are sent."""
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26), start=time(9, 40)))
    postbox.deliver()
    return made


@pytest.fixture
def hours_before(steady_clock):
    """``hours_before(24)`` sets the clock so long before the visit."""
    return lambda hours: steady_clock.set(STARTS_AT - timedelta(hours=hours))


def reminders(appointment):
    """Hours -> state and reason of each reminder."""
    db.session.rollback()
    told = [message for message in outbox.timeline(appointment.id) if "hours" in message.payload]
    return {message.payload["hours"]: (message.status, message.last_error) for message in told}


def test_the_patient_is_reminded_a_day_and_two_hours_before(appointment, postbox, hours_before):
    hours_before(24.01)
    assert postbox.deliver() == []
    hours_before(24)
    first = postbox.only()
    assert (first.type, first.to) == ("APPOINTMENT_REMINDER", "asha@example.test")
    assert first.mail["subject"] == "Reminder: your appointment is tomorrow, Thursday 26 November, at 09:40"
    assert "Thursday 26 November 2026, 09:40 to 10:00, UK time" in first.text
    hours_before(2)
    assert postbox.only().mail["subject"] == "Reminder: your appointment is today, Thursday 26 November, at 09:40"
    hours_before(1)
    assert postbox.deliver() == []


def test_days_ahead_the_day_has_no_nickname(app, asha, bose, postbox, steady_clock, monkeypatch):
    monkeypatch.setitem(app.config, "REMINDER_HOURS", [72])
    make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 30), start=time(9, 40)))
    postbox.deliver()
    steady_clock.advance(days=4, hours=2)
    assert "your appointment is on Monday 30 November, at 09:40" in postbox.only().text.replace("Your", "your")


def test_only_reminders_that_are_still_to_come_are_planned(asha, bose, postbox):
    near = make.slot(bose, starts_at=clock.now() + timedelta(hours=5))
    made = services.book(near.id, patient=asha, idempotency_key="a")
    assert list(reminders(made)) == [2]


def test_where_reminders_are_off_for_everybody_none_is_planned(app, asha, bose, session, monkeypatch):
    monkeypatch.setitem(app.config, "REMINDER_HOURS", [])
    assert reminders(make.appointment(asha, doctor=bose)) == {}


def test_nobody_is_reminded_of_a_cancelled_appointment(appointment, asha, postbox, hours_before):
    services.cancel_as_patient(appointment.id, patient=asha)
    postbox.deliver()
    hours_before(24)
    assert postbox.deliver() == []
    assert reminders(appointment)[24] == ("dropped", "The appointment was cancelled.")


def test_nobody_is_reminded_of_the_time_before_a_change(appointment, postbox, hours_before, steady_clock):
    move(appointment, days=1)
    postbox.deliver()
    hours_before(24)
    assert postbox.deliver() == []
    steady_clock.advance(days=1)
    assert "Friday 27 November" in postbox.only().text


def test_who_has_switched_reminders_off_gets_none_even_if_they_were_planned(
    appointment, asha, postbox, hours_before, signed_in
):
    patient = signed_in(asha)
    patient.page("patient_profile.edit")
    form = patient.last_page.find_form("/patient/profile")
    assert form.values["wants_reminders"] == "y"
    patient.post("/patient/profile", data={k: v for k, v in form.values.items() if k != "wants_reminders"})
    hours_before(24)

    assert postbox.deliver() == []
    assert reminders(appointment)[24] == ("dropped", "The patient has turned reminders off.")
    signed_in(asha).submit("patient_profile.edit", {"wants_reminders": "y"})
    hours_before(2)
    assert {letter.type for letter in postbox.deliver()} == {"SECURITY_NOTICE", "APPOINTMENT_REMINDER"}


def test_who_is_there_already_is_not_reminded(appointment, bose, postbox, hours_before):
    hours_before(3)
    postbox.deliver()
    services.mark_arrived(appointment.id, doctor=bose)
    hours_before(2)
    assert postbox.deliver() == []
    assert reminders(appointment)[2] == ("dropped", "The patient has already arrived.")


def test_a_worker_that_was_away_catches_up_once(appointment, postbox, hours_before):
    hours_before(20)
    assert postbox.only().data["starts_text"].startswith("tomorrow")
    assert postbox.deliver() == []
    hours_before(1)
    assert postbox.only().data["starts_text"].startswith("today")
    assert postbox.deliver() == []


def test_a_worker_that_slept_through_both_sends_only_the_later_one(appointment, postbox, hours_before):
    hours_before(1)
    postbox.only()
    assert reminders(appointment) == {24: ("dropped", NEXT), 2: ("sent", None)}


def test_after_the_start_nobody_is_reminded(appointment, postbox, hours_before):
    hours_before(0)
    assert postbox.deliver() == []
    assert {state for state, _ in reminders(appointment).values()} == {"dropped"}


def test_an_answer_that_is_lost_brings_the_same_message_again_and_no_other(appointment, postbox, hours_before):
    hours_before(24)
    postbox.answers.append(outbox.TemporaryFailure("The answer was lost."))
    assert postbox.deliver() == []
    hours_before(23.9)
    letter = postbox.only()
    assert letter.message_id.endswith(":1:24h")


@pytest.mark.race
def test_of_two_workers_that_overlap_exactly_one_reminds(committing, app, monkeypatch, steady_clock):
    bose = make.doctor("Dr Anil Bose")
    for number in range(10):
        make.appointment(slot=make.slot(bose, day=date(2026, 11, 26), start=time(9 + number // 2, 30 * (number % 2))))
    sent: list[str] = []
    monkeypatch.setitem(app.extensions, "hms.senders", {"email": lambda message: sent.append(message.dedup_key)})
    with transaction() as session:
        session.execute(db.delete(outbox.OutboxMessage).where(outbox.OutboxMessage.due_at <= clock.now()))
    steady_clock.set(STARTS_AT - timedelta(hours=1))
    together = threading.Barrier(2)

    def work():
        together.wait()
        with app.app_context():
            outbox.deliver_due()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(sent) == len(set(sent)) >= 10
