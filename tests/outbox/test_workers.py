"""Several workers at once, with real commits."""

import threading
from collections import Counter

import pytest

from hms.outbox import OutboxMessage, delivering
from tests.depth import depth
from tests.outbox.conftest import queue

pytestmark = pytest.mark.race
MESSAGES, WORKERS = depth(short=120, full=3000), 4


def test_several_workers_send_every_message_once(committing, sender):
    queue(*(f"{number}" for number in range(MESSAGES)))
    together = threading.Barrier(WORKERS)

    def work():
        together.wait()
        with committing.app_context():
            delivering.deliver_due()

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()

    assert Counter(sender.sent) == {f"{number}": 1 for number in range(MESSAGES)}
    states = delivering.db.session.execute(delivering.select(OutboxMessage.status, OutboxMessage.attempts).distinct())
    assert states.all() == [("sent", 1)]


def test_a_worker_does_not_wait_for_the_message_that_another_is_taking(committing, sender):
    queue("a", "b")
    with delivering.db.engine.connect() as other:
        one = delivering.select(OutboxMessage.id).where(OutboxMessage.dedup_key == "a").with_for_update()
        other.execute(one)
        delivering.deliver_due()
        other.rollback()

    assert sender.sent == ["b"]
