"""After an outage there is a backlog: it drains, the newest first, and what is too late is not sent."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from hms import clock, outbox
from hms.db import db, new_id, transaction
from hms.outbox import OutboxMessage
from tests import make

BACKLOG = 10_000


@pytest.fixture
def backlog(session):
    """Ten thousand messages of a kind that nobody sends any more, due in the last hour."""
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "kind": "note",
            "payload": {"type": "NOTE"},
            "dedup_key": f"backlog {number}",
            "due_at": now - timedelta(seconds=3600 * number / BACKLOG + 1),
            "created_at": now - timedelta(hours=2),
        }
        for number in range(BACKLOG)
    ]
    with transaction() as session:
        session.execute(insert(OutboxMessage), rows)
    session.execute(db.text("ANALYZE outbox_messages"))


def test_ten_thousand_messages_before_it_do_not_delay_a_confirmation(backlog, asha, bose, sender, app, monkeypatch):
    sent: list[str] = []
    senders = {"note": sender, "email": lambda message: sent.append(message.payload["type"])}
    monkeypatch.setitem(app.extensions, "hms.senders", senders)
    make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26)))
    outbox.deliver_due(limit=5)  # two welcomes, an approval, two confirmations

    assert sorted(sent)[:2] == ["BOOKING_CONFIRMATION", "BOOKING_CONFIRMATION_DOCTOR"]
    assert sender.sent == []
    outbox.deliver_due(limit=50)
    assert sender.sent == [f"backlog {number}" for number in range(50)]


def test_taking_a_message_reads_a_few_rows_by_the_index_however_many_wait(backlog, sender):
    seen: list[str] = []
    db.event.listen(db.engine, "before_cursor_execute", lambda *event: seen.append((event[2], event[3])))
    outbox.deliver_due(limit=1)
    statement, values = next((text, values) for text, values in seen if text.startswith("UPDATE outbox_messages"))
    with transaction() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()

    assert any("InitPlan" in line for line in plan), plan  # once; a join might lock more rows than it returns
    assert any("ix_outbox_messages_due" in line for line in plan), plan
    assert not any("Seq Scan on outbox_messages" in line for line in plan), plan  # outbox_state is one row


def test_reminders_that_an_outage_held_back_are_not_sent_after_the_start(postbox, asha, bose, steady_clock):
    made = make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26)))
    postbox.deliver()
    steady_clock.set(made.starts_at)
    assert postbox.deliver() == []
