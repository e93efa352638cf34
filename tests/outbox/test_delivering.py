"""The worker keeps the promises: each once, the newest first, and none of them holds up the others."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from hms import clock, outbox, worker
from hms.db import db
from hms.outbox import Dropped, OutboxMessage, PermanentFailure, TemporaryFailure, delivering
from hms.outbox.delivering import LEASE, LONGEST_WAIT_SECONDS, MOST_ATTEMPTS, deliver_due, wait_after
from tests.outbox.conftest import promise, stored

pytestmark = pytest.mark.usefixtures("session")


def test_what_is_due_is_sent_and_says_when(sender):
    promise("a")
    assert deliver_due() == 1

    assert sender.sent == ["a"]
    assert (stored("a").status, stored("a").attempts, stored("a").last_error) == ("sent", 1, None)
    assert stored("a").created_at <= stored("a").finished_at <= clock.now()
    assert deliver_due() == 0


def test_nothing_is_sent_before_it_is_due(sender, steady_clock):
    promise("a", due_at=clock.now() + timedelta(hours=1))
    assert deliver_due() == 0
    steady_clock.advance(hours=1)
    assert deliver_due() == 1


def test_the_newest_is_sent_first_so_that_nobody_stands_behind_a_backlog(sender):
    now = clock.now()
    for minutes in (60, 1, 30):
        promise(f"{minutes} minutes ago", due_at=now - timedelta(minutes=minutes))
    promise("now")
    deliver_due()

    assert sender.sent == ["now", "1 minutes ago", "30 minutes ago", "60 minutes ago"]


def test_the_worker_looks_every_second_and_can_stop_between_two_messages(sender):
    promise("a", "b")

    assert worker._steps["outbox"] is outbox.deliver_next
    assert worker.POLL_SECONDS <= 1
    assert outbox.deliver_next() is True
    assert len(sender.sent) == 1
    assert [outbox.deliver_next(), outbox.deliver_next()] == [True, False]


def test_one_look_takes_one_message(sender):
    promise(*(f"{number}" for number in range(50)))
    assert delivering._take() is not None

    taken = db.select(db.func.count()).where(OutboxMessage.status == "sending")
    assert db.session.scalar(taken) == 1


def test_a_kind_without_a_sender_waits_for_one(sender, app, monkeypatch):
    promise("a", kind="letter")
    assert deliver_due() == 0
    monkeypatch.setitem(app.extensions["hms.senders"], "letter", sender)
    assert deliver_due() == 1


def test_what_no_longer_holds_is_dropped_with_the_reason(sender):
    promise("a")
    sender.answers["a"] = Dropped("The appointment was cancelled.")
    deliver_due()

    assert (stored("a").status, stored("a").last_error) == ("dropped", "The appointment was cancelled.")
    assert stored("a").finished_at is not None


def test_a_permanent_failure_is_final_at_once(sender, steady_clock):
    promise("a")
    sender.answers["a"] = PermanentFailure("No such mailbox.")
    deliver_due()
    steady_clock.advance(days=1)

    assert (stored("a").status, stored("a").attempts, stored("a").last_error) == ("dead", 1, "No such mailbox.")
    assert deliver_due() == 0


def test_a_temporary_failure_is_tried_again_later_and_given_up_after_eight_attempts(sender, steady_clock):
    promise("a")
    sender.answers["a"] = TemporaryFailure("The server is away.")
    for attempt in range(1, MOST_ATTEMPTS):
        deliver_due()
        message = stored("a")
        assert (message.status, message.attempts, message.last_error) == ("pending", attempt, "The server is away.")
        assert deliver_due() == 0
        steady_clock.set(message.due_at)
    deliver_due()
    steady_clock.advance(days=1)

    assert (stored("a").status, stored("a").attempts) == ("dead", MOST_ATTEMPTS)
    assert deliver_due() == 0
    assert sender.attempts == list(range(1, MOST_ATTEMPTS + 1))


def test_the_waits_grow_with_jitter_and_make_about_five_hours():
    waits = [[wait_after(attempt).total_seconds() for _ in range(200)] for attempt in range(1, MOST_ATTEMPTS)]
    longest = [max(of_one) for of_one in waits]

    assert all(len(set(of_one)) > 100 for of_one in waits)
    assert all(earlier <= later * 1.3 for earlier, later in itertools.pairwise(longest))
    assert max(longest) <= LONGEST_WAIT_SECONDS * 1.2
    assert 4 * 3600 < sum(sum(of_one) / len(of_one) for of_one in waits) < 6 * 3600


def test_a_wait_that_the_other_side_asks_for_is_kept_and_a_shorter_one_than_ours_is_not(sender, steady_clock):
    promise("long")
    promise("short")
    sender.answers["long"] = TemporaryFailure("Too many requests.", wait=timedelta(hours=1))
    sender.answers["short"] = TemporaryFailure("Too many requests.", wait=timedelta(seconds=1))
    now = steady_clock.freeze()
    deliver_due()

    assert stored("long").due_at == now + timedelta(hours=1)
    assert stored("short").due_at >= now + timedelta(seconds=8)


def test_a_message_that_fails_holds_up_no_other(sender, caplog):
    promise("poison", "fine", "finer")
    sender.answers["poison"] = ZeroDivisionError("asha@example.test has a cough")
    assert deliver_due() == 3

    assert sorted(sender.sent) == ["fine", "finer"]
    assert stored("poison").status == "pending"


def test_what_staff_read_of_a_bug_says_nothing_about_a_person(sender, caplog):
    promise("poison")
    sender.answers["poison"] = ZeroDivisionError("asha@example.test has a cough")
    deliver_due()

    assert stored("poison").last_error == "HMS itself failed (ZeroDivisionError)."
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("payload", [[], "text", 7, None, {}, {"type": ["x"]}, {"type": None}])
def test_a_payload_of_any_form_can_be_delivered_and_listed(sender, app, payload):
    promise("odd")
    odd = db.update(OutboxMessage).values(payload=db.cast(db.literal(payload, db.JSON), OutboxMessage.payload.type))
    db.session.connection().execute(odd)
    db.session.commit()
    sender.answers["odd"] = PermanentFailure("It cannot be read.")
    deliver_due()

    assert stored("odd").status == "dead"
    listed = app.test_cli_runner().invoke(args=["outbox", "list"])
    assert listed.exit_code == 0, listed.output
    assert "note  It cannot be read." in listed.output


class TestTheLease:
    def test_what_a_dead_worker_held_is_taken_over_when_its_lease_ends(self, sender, steady_clock):
        promise("a")
        delivering._take()
        steady_clock.advance(seconds=LEASE.total_seconds() - 5)
        assert deliver_due() == 0
        steady_clock.advance(seconds=10)
        assert deliver_due() == 1

        assert sender.attempts == [2]

    def test_the_mark_of_a_worker_that_comes_back_late_is_refused(self, sender, steady_clock):
        promise("a")
        late = delivering._take()
        steady_clock.advance(minutes=2)
        deliver_due()
        sent = stored("a").finished_at
        delivering._try_again_later(late, "The answer was lost.")
        delivering._finish(late, "dead", "The answer was lost.")

        assert (stored("a").status, stored("a").finished_at, stored("a").last_error) == ("sent", sent, None)

    def test_a_late_mark_is_refused_while_the_other_worker_is_at_it(self, sender, steady_clock):
        promise("a")
        late = delivering._take()
        steady_clock.advance(minutes=2)
        delivering._take()
        delivering._finish(late, "sent", None)

        assert (stored("a").status, stored("a").attempts) == ("sending", 2)

    def test_a_message_that_takes_its_workers_down_is_given_up(self, sender, steady_clock):
        promise("deadly")
        for _ in range(MOST_ATTEMPTS):
            delivering._take()
            steady_clock.advance(minutes=2)
        deliver_due()

        assert sender.attempts == []
        assert stored("deadly").status == "dead"
        assert "the worker stopped each time" in stored("deadly").last_error

    def test_a_lease_is_longer_than_the_slowest_sender(self):
        from hms.mailer import sending

        slowest = sending.CONNECT_SECONDS + sending.READ_SECONDS + sum(delivering.MARK_AGAIN_AFTER_SECONDS)
        assert LEASE.total_seconds() > slowest


class TestTheMark:
    def test_a_database_that_was_away_for_a_moment_costs_no_second_mail(self, sender, monkeypatch, caplog):
        promise("a")
        pauses, write = [], delivering._write

        def away_twice(mark):
            if len(pauses) < 2:
                raise OperationalError("UPDATE", {}, Exception("the server went away"))
            write(mark)

        monkeypatch.setattr(delivering, "_write", away_twice)
        monkeypatch.setattr(delivering.time, "sleep", pauses.append)
        deliver_due()

        assert stored("a").status == "sent"
        assert pauses == list(delivering.MARK_AGAIN_AFTER_SECONDS[:2])
        assert "cannot be marked sent" in caplog.text


class TestSendingAgain:
    def test_a_dead_message_gets_eight_attempts_more(self, sender):
        promise("a")
        sender.answers["a"] = PermanentFailure("Full.")
        deliver_due()
        del sender.answers["a"]

        assert outbox.send_again(stored("a").id) is True
        assert (stored("a").attempts, stored("a").finished_at) == (0, None)
        deliver_due()
        assert stored("a").status == "sent"

    def test_what_is_not_dead_is_left_alone(self, sender):
        promise("a")
        assert outbox.send_again(stored("a").id) is False
        deliver_due()
        assert outbox.send_again(stored("a").id) is False
        assert stored("a").attempts == 1
