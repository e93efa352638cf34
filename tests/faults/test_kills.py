"""A worker that is killed at any moment loses nothing, and sends twice only what it had sent and not yet marked."""

import random
import signal
from collections import Counter

import pytest

from tests.depth import depth
from tests.faults.conftest import LANES
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
KILLS, SEED = depth(short=5, full=2000), 20261121
MESSAGES = depth(short=500, full=40_000)


def test_kill_9_at_random_points_loses_no_message_and_repeats_none(house, tmp_path):
    chance = random.Random(SEED)
    house.enqueue(MESSAGES)
    house.start_function(EMAIL_DEDUP_SQLITE=str(tmp_path / "sent.sqlite"))
    at = sorted(chance.sample(range(20, MESSAGES - 20), KILLS))
    for sent in at:
        worker = house.start_worker()
        wait_until(lambda sent=sent: len(house.sink.deliveries) >= sent, what=f"{sent} mails")
        worker.end(signal.SIGKILL)
        house.let_leases_end()
    worker = house.start_worker()
    wait_until(lambda: _drained(house), what="all are sent")
    worker.end()

    received = Counter(delivery.mail["Message-ID"] for delivery in house.sink.deliveries)
    suppressed = house.function_log.read_text().count("was sent before")
    assert len(received) == MESSAGES, "lost"
    assert set(received.values()) == {1}, "sent twice in spite of suppression"
    assert suppressed <= KILLS * LANES, "more duplicates than a kill finds under way"
    assert house.ask("SELECT count(*) FROM outbox_messages WHERE attempts > 1") > 0, "no kill has hit a message"
    assert house.count("sent") == MESSAGES


def _drained(house) -> bool:
    """Whether nothing waits; what found its predecessor still at it waits for another try, which need not be long."""
    house.ask("UPDATE outbox_messages SET due_at = now() WHERE status = 'pending' AND attempts > 0")
    return house.count("pending", "sending") == 0
