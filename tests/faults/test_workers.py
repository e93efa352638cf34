"""Two workers at once, and one that freezes for longer than its lease."""

import signal
import threading
from collections import Counter

import pytest

from tests.depth import depth
from tests.faults.conftest import LANES
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
MESSAGES = depth(short=120, full=3000)


def test_two_workers_at_once_send_each_message_once(house):
    house.enqueue(MESSAGES)
    house.start_function()
    for _ in range(2):
        house.start_worker()
    wait_until(lambda: house.count("pending", "sending") == 0, what="all are sent")

    received = Counter(delivery.mail["Message-ID"] for delivery in house.sink.deliveries)
    assert len(received) == MESSAGES
    assert set(received.values()) == {1}


def test_the_late_mark_of_a_worker_that_was_frozen_is_refused(house, tmp_path):
    house.start_function(EMAIL_DEDUP_SQLITE=str(tmp_path / "sent.sqlite"))
    house.enqueue(1, occasion="first")
    held = house.sink.pauses["DATA"] = threading.Event()
    frozen = house.start_worker()
    wait_until(lambda: house.sink.arrived, what="the mail is on its way")
    frozen.send(signal.SIGSTOP)
    held.set()
    wait_until(lambda: len(house.sink.deliveries) == 1, what="the mail is there")
    house.let_leases_end()

    other = house.start_worker()
    wait_until(lambda: _drained(house), what="the other worker took it over")
    other.end()
    marked = house.ask("SELECT finished_at FROM outbox_messages")
    frozen.send(signal.SIGCONT)
    house.enqueue(1, occasion="second")  # only the thawed worker is left: when this is sent, its late mark is past
    wait_until(lambda: house.count("sent") == 2, what="the thawed worker goes on")

    stands = "SELECT (status, attempts, finished_at) = ('sent', 2, :marked) FROM outbox_messages"
    assert house.ask(f"{stands} WHERE dedup_key LIKE '%first0'", marked=marked) is True
    assert len({delivery.mail["Message-ID"] for delivery in house.sink.deliveries}) == len(house.sink.deliveries) == 2


def test_a_worker_that_is_told_to_stop_finishes_the_messages_at_hand_and_begins_no_other(house):
    house.start_function()
    house.enqueue(20)
    held = house.sink.pauses["DATA"] = threading.Event()
    worker = house.start_worker()
    wait_until(lambda: house.sink.arrived, what="the first mail is on its way")
    worker.send(signal.SIGTERM)
    held.set()
    worker.end()

    begun = len(house.sink.deliveries)
    assert 1 <= begun <= LANES
    assert (house.count("sent"), house.count("sending"), house.count("pending")) == (begun, 0, 20 - begun)


def _drained(house) -> bool:
    house.ask("UPDATE outbox_messages SET due_at = now() WHERE status = 'pending' AND attempts > 0")
    return house.count("pending", "sending") == 0
