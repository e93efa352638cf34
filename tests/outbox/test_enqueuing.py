"""A queued message is kept or undone with the change that it reports."""

from datetime import date

import pytest
from sqlalchemy import Boolean, Integer, String, Uuid, bindparam, column, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from hms import clock
from hms.db import db, new_id, transaction
from hms.outbox import Lookup, OutboxMessage, enqueue, enqueue_if_found, timeline
from hms.scheduling import services
from tests import make
from tests.outbox.conftest import queue, stored


def keys():
    return set(db.session.scalars(db.select(OutboxMessage.dedup_key)))


def test_a_promise_is_due_at_once_unless_it_says_when(session, freeze):
    now = freeze()
    later = now.replace(hour=20)
    queue("now")
    queue("later", due_at=later)

    assert stored("now").due_at == stored("now").created_at == now
    assert stored("later").due_at == later


def test_the_same_key_again_changes_nothing(session):
    queue("once", "once")
    queue("once", due_at=clock.now().replace(year=2030))

    assert len(keys()) == 1
    assert stored("once").due_at.year == 2026


def _letters() -> Lookup:
    """Finds a message for each row that says it is there."""
    columns = [
        column("id", Uuid()),
        column("key", String()),
        column("number", Integer()),
        column("is_there", Boolean()),
    ]
    given = func.jsonb_to_recordset(bindparam("letters", type_=JSONB)).table_valued(*columns, name="given")
    rows = given.render_derived(with_types=True).c
    payload = func.jsonb_build_object(literal("number", String()), rows.number, type_=JSONB)
    named = (rows.id, payload.label("payload"), rows.key.label("dedup_key"), rows.id.label("subject_id"))
    return Lookup("letter", "letters", select(*named).where(rows.is_there))


LETTERS = _letters()


def letter(key: str, *, number: int = 0, is_there: bool = True):
    return {"id": str(new_id()), "key": key, "number": number, "is_there": is_there}


def test_who_is_found_gets_a_message_and_who_is_not_gets_none(session, client, freeze):
    now, found = freeze(), [letter("found"), letter("found too", number=2)]
    with client.statements() as seen, transaction():
        enqueue("note", {"type": "NOTE"}, dedup_key="given")
        enqueue_if_found(LETTERS, found[0])
        enqueue_if_found(LETTERS, letter("nobody", is_there=False))
        enqueue_if_found(LETTERS, found[1])

    assert len(seen) == 1
    assert keys() == {"given", "found", "found too"}
    assert stored("given").payload == {"type": "NOTE"}
    for row in found:
        message = stored(row["key"])
        assert (str(message.id), str(message.subject_id)) == (row["id"], row["id"])
        assert (message.kind, message.payload) == ("letter", {"number": row["number"]})
        assert message.due_at == message.created_at == now
        assert (message.status, message.attempts) == ("pending", 0)


def test_what_is_found_again_under_the_same_key_changes_nothing(session):
    for number in range(2):
        with transaction():
            enqueue_if_found(LETTERS, letter("once", number=number))
            enqueue_if_found(LETTERS, letter("once", number=number + 7))
    assert stored("once").payload == {"number": 0}


def test_what_is_undone_has_promised_nothing(session):
    with pytest.raises(ZeroDivisionError), transaction():
        enqueue("note", {}, dedup_key="undone")
        raise ZeroDivisionError

    assert keys() == set()


def test_outside_of_a_transaction_nothing_can_be_promised(session):
    with pytest.raises(RuntimeError, match="transaction"):
        enqueue("note", {}, dedup_key="homeless")


def test_the_timeline_is_of_one_subject_in_the_order_of_the_promises(session, asha, chen):
    queue("second", subject_id=asha.id)
    queue("other", subject_id=chen.id)
    queue("third", subject_id=asha.id)

    assert [message.dedup_key for message in timeline(asha.id)] == ["second", "third"]


def test_a_booking_that_fails_leaves_no_message_and_one_that_holds_leaves_its_own(session, asha, bose):
    slot = make.slot(bose, day=date(2026, 11, 26))
    before = keys()
    with pytest.raises(ZeroDivisionError), transaction():
        services.book(slot.id, patient=asha, idempotency_key="a")
        raise ZeroDivisionError
    assert keys() == before

    made = services.book(slot.id, patient=asha, idempotency_key="b")
    types = sorted(key.split(":")[0] for key in keys() - before)
    assert types == ["APPOINTMENT_REMINDER"] * 2 + ["BOOKING_CONFIRMATION", "BOOKING_CONFIRMATION_DOCTOR"]
    assert {message.subject_id for message in timeline(made.id)} == {made.id}


def test_all_messages_of_a_booking_are_one_statement_and_nobody_is_notified(client, sign_in, asha, bose):
    slot = make.slot(bose, day=date(2026, 11, 26))
    sign_in(client, asha)
    client.page("patient.book", slot_id=slot.id)
    with client.statements() as statements:
        client.submit("patient.book", slot_id=slot.id)

    assert sum("outbox_messages" in statement for statement in statements) == 1
    assert not [statement for statement in statements if "notify" in statement.casefold()]
    triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = 'outbox_messages'::regclass"
    assert db.session.scalar(db.text(triggers)) == 0


def test_one_message_more_for_the_same_booking_is_never_made(session, asha, bose):
    slot = make.slot(bose, day=date(2026, 11, 26))
    services.book(slot.id, patient=asha, idempotency_key="same page")
    before = keys()
    services.book(slot.id, patient=asha, idempotency_key="same page")
    services.book(slot.id, patient=asha, idempotency_key="second tab")

    assert keys() == before
