"""How many mails one person gets in a day: more wait, visibly, and none is lost."""

from datetime import date, time, timedelta

import pytest

from hms import clock, outbox
from hms.auth import services as auth
from hms.db import db, transaction
from hms.mailer import limiting
from hms.scheduling import services
from tests import make

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def visits(asha, bose, postbox, app, monkeypatch):
    """Five visits of Asha with Dr Bose, whose ten confirmations are not sent yet; three mails a day are allowed."""
    monkeypatch.setitem(app.config, "DAILY_MAIL_LIMIT", 3)
    postbox.deliver()
    slots = [make.slot(bose, day=date(2026, 11, 27), start=time(9 + number, 0)) for number in range(5)]
    return [services.book(slot.id, patient=asha, idempotency_key=str(slot.id)) for slot in slots]


def to_doctor(letters):
    return [letter for letter in letters if letter.to == "bose@example.test"]


def test_what_is_more_waits_until_the_day_is_over_and_then_leaves(visits, postbox, steady_clock):
    assert len(to_doctor(postbox.deliver())) == 3
    held = [message for message in outbox.list_messages(limit=100) if message.fault == "limit"]
    assert len(held) == 4  # two for each of the two people
    assert {message.status for message in held} == {"pending"}
    assert {message.due_at > clock.now() + timedelta(hours=23) for message in held} == {True}

    steady_clock.advance(hours=24, minutes=1)
    assert len(to_doctor(postbox.deliver())) == 2


def test_staff_read_that_they_are_held(visits, postbox, signed_in, bose, rita):
    postbox.deliver()
    texts = [signed_in(bose).page("doctor.appointment", appointment_id=visit.id).text for visit in visits]
    assert sum("Held This person has had 3 emails in 24 hours" in text for text in texts) == 2
    assert "4 emails held back" in signed_in(rita).page("staff.overview").text


def test_what_keeps_an_account_safe_is_not_held(visits, postbox):
    postbox.deliver()
    auth.ask_for_reset("asha@example.test")
    assert [letter.type for letter in postbox.deliver()] == ["PASSWORD_RESET"]


def test_no_limit_holds_nothing(visits, postbox, app, monkeypatch):
    monkeypatch.setitem(app.config, "DAILY_MAIL_LIMIT", 0)
    assert len(postbox.deliver()) == 10


def test_counting_reads_only_that_persons_latest_mails_by_an_index(visits, postbox, asha, bose):
    postbox.deliver()
    seen = []
    db.event.listen(db.engine, "before_cursor_execute", lambda *event: seen.append((event[2], event[3])))
    with pytest.raises(outbox.TemporaryFailure):
        limiting.check({"type": "BOOKING_CONFIRMATION_DOCTOR", "to": str(bose.user_id)})
    statement, values = next((text, values) for text, values in seen if "finished_at" in text)
    with transaction() as session:
        session.execute(db.text("SET LOCAL enable_seqscan = off"))
        session.execute(db.text("DROP INDEX ix_outbox_messages_finished_at"))  # what an empty table makes look as good
        plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
    assert any("ix_outbox_messages_sent_to" in line for line in plan), plan
    assert not any("Sort" in line for line in plan), plan
