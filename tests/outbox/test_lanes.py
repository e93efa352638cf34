"""The worker sends several messages at once, with real commits: none waits behind one that takes long."""

import threading

import pytest
from sqlalchemy import update

from hms import outbox
from hms.db import new_id, transaction
from hms.outbox import Fault, OutboxMessage, TemporaryFailure, delivering, lanes
from tests.outbox.conftest import queue, stored
from tests.waiting import GENEROUS_SECONDS, wait_until

pytestmark = pytest.mark.race
LANES = 4


@pytest.fixture
def fresh_lanes(app, monkeypatch):
    """Lanes that know of no other test."""
    monkeypatch.setitem(app.config, "OUTBOX_LANES", LANES)
    monkeypatch.setattr(lanes, "lanes", lanes.Lanes())
    monkeypatch.setattr(lanes, "LANE_WAIT_SECONDS", 0.01)
    yield lanes.lanes
    wait_until(lambda: not lanes.lanes._busy.total(), what="the lanes are empty")


@pytest.fixture
def slow(committing, sender, fresh_lanes):
    """A sender that keeps messages waiting whose key is ``slow…`` until the event is set."""
    release = threading.Event()
    sender.answers = {f"slow {number}": lambda message: release.wait(GENEROUS_SECONDS) for number in range(20)}
    yield release
    release.set()


def begin_all():
    """What a worker does until there is nothing that it can begin."""
    while outbox.deliver_next():
        pass


def test_a_message_that_takes_long_holds_up_none_behind_it(slow, sender):
    queue("fine")
    queue("slow 0")
    begin_all()

    wait_until(lambda: sender.sent == ["fine"], what="the other message is sent")
    assert stored("slow 0").status == "sending"
    slow.set()
    wait_until(lambda: stored("slow 0").status == "sent", what="the slow one is sent, too")


def test_one_kind_that_is_silent_holds_up_no_other_kind(slow, sender, committing, monkeypatch):
    monkeypatch.setitem(committing.extensions["hms.senders"], "letter", sender)
    queue(*(f"slow {number}" for number in range(10)))
    queue("a letter", kind="letter")
    begin_all()

    wait_until(lambda: sender.sent == ["a letter"], what="the letter is sent")
    assert len(sender.attempts) == LANES + 1


def test_two_messages_to_one_person_about_one_thing_are_never_under_way_together(slow, sender):
    about, to = new_id(), {"to": str(new_id())}
    queue("slow 0", subject_id=about, payload=to)
    begin_all()
    queue("later", subject_id=about, payload=to)
    queue("about something else", subject_id=new_id(), payload=to)
    queue("to somebody else", subject_id=about, payload={"to": str(new_id())})
    begin_all()
    wait_until(lambda: len(sender.sent) == 2, what="the others are sent")
    assert stored("later").status == "pending"

    slow.set()
    wait_until(lambda: stored("slow 0").status == "sent", what="the earlier one is sent")
    begin_all()
    wait_until(lambda: stored("later").status == "sent", what="and then the later one")
    assert sender.sent.index("slow 0") < sender.sent.index("later")


def test_a_worker_that_was_lost_holds_up_the_next_message_no_longer_than_its_lease(committing, sender, fresh_lanes):
    about, to = new_id(), {"to": str(new_id())}
    queue("lost", subject_id=about, payload=to)
    assert delivering.take(["note"]).dedup_key == "lost"
    queue("later", subject_id=about, payload=to)
    assert delivering.take(["note"]) is None
    with transaction() as session:
        session.execute(update(OutboxMessage).values(due_at=OutboxMessage.due_at - delivering.LEASE))
    begin_all()
    wait_until(lambda: set(sender.sent) == {"lost", "later"}, what="both are sent")


def test_a_lane_that_comes_free_while_a_worker_looks_elsewhere_is_noticed(fresh_lanes, app):
    ended = fresh_lanes.ended
    assert fresh_lanes.wait_for_one(since=ended) is False  # none is in use
    fresh_lanes._busy["note"] = 1
    fresh_lanes._end("note", None)
    assert fresh_lanes.wait_for_one(since=ended) is True


def test_as_many_are_under_way_as_the_setting_says(slow, sender, app, monkeypatch):
    monkeypatch.setitem(app.config, "OUTBOX_LANES", 7)
    queue(*(f"slow {number}" for number in range(20)))
    begin_all()
    assert len(sender.attempts) == 7


def test_a_server_that_is_away_is_asked_with_one_message_and_the_others_keep_their_attempts(
    committing, sender, fresh_lanes, monkeypatch
):
    away = TemporaryFailure("The mail server could not be reached.", fault=Fault.SERVER)
    keys = [f"{number}" for number in range(12)]
    sender.answers = dict.fromkeys(keys, away)
    queue(*keys)
    begin_all()
    wait_until(lambda: not fresh_lanes._busy.total(), what="the first have failed")
    begin_all()

    assert len(sender.attempts) <= LANES
    sender.answers = {}
    fresh_lanes._rests["note"].until = 0  # the rest is over
    for _ in range(5):
        begin_all()
        wait_until(lambda: not fresh_lanes._busy.total(), what="they are tried")
    assert len(sender.sent) >= len(keys) - LANES


def test_a_rest_grows_to_a_minute_and_ends_with_the_first_that_gets_through(committing, sender, fresh_lanes):
    rest = lanes.Rest()
    lengths = []
    for _ in range(8):
        rest.until = 0
        rest.fail()
        lengths.append(round(rest.until - lanes.time.monotonic()))
    assert lengths == [5, 10, 20, 40, 60, 60, 60, 60]

    fresh_lanes._rests["note"] = lanes.Rest(failures=3)
    queue("a")
    begin_all()
    wait_until(lambda: sender.sent == ["a"], what="it is sent")
    wait_until(lambda: "note" not in fresh_lanes._rests, what="the way is open")


def test_those_that_fail_together_make_one_rest():
    rest = lanes.Rest()
    for _ in range(4):
        rest.fail()
    assert rest.failures == 1
