"""What was sent long ago is removed, whole timelines at a time; what somebody still has to see stays."""

from datetime import timedelta
from uuid import uuid4

import pytest

from hms import clock, outbox, worker
from hms.outbox import PermanentFailure, tidying
from tests.outbox.conftest import queue

pytestmark = pytest.mark.usefixtures("session")


def left():
    return sorted(message.dedup_key for message in outbox.list_messages(limit=1000))


def test_what_was_sent_90_days_ago_is_removed_and_what_was_given_up_is_not(sender, steady_clock):
    queue("old", "dead")
    sender.answers["dead"] = PermanentFailure("No such mailbox.")
    outbox.deliver_due()
    steady_clock.advance(days=89)
    queue("young")
    outbox.deliver_due()
    assert tidying.remove_old() == 0
    steady_clock.advance(days=1, minutes=1)

    assert tidying.remove_old() == 1
    assert left() == ["dead", "young"]


def test_the_messages_about_one_thing_stay_together_until_the_last_is_old(sender, steady_clock):
    visit = uuid4()
    queue("confirmation", subject_id=visit)
    queue("reminder", subject_id=visit, due_at=clock.now() + timedelta(days=200))
    outbox.deliver_due()
    steady_clock.advance(days=199)
    assert tidying.remove_old() == 0
    steady_clock.advance(days=2)
    outbox.deliver_due()
    steady_clock.advance(days=91)

    assert tidying.remove_old() == 2
    assert left() == []


def test_it_is_done_in_batches_and_every_night(sender, steady_clock, monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    monkeypatch.setattr(tidying, "MAX_BATCHES", 2)
    queue(*(f"{number}" for number in range(5)))
    outbox.deliver_due()
    steady_clock.advance(days=91)

    assert [tidying.remove_old(), tidying.remove_old(), tidying.remove_old()] == [4, 1, 0]
    assert worker._jobs["remove old messages"].interval == timedelta(days=1)
