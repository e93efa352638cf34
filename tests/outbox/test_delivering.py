"""The worker keeps the promises: each once, the newest first, and none of them holds up the others."""

import itertools
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hms import clock, outbox, worker
from hms.db import db
from hms.outbox import (
    Dropped,
    Fault,
    MayHaveBeenSent,
    OutboxMessage,
    PermanentFailure,
    TemporaryFailure,
    delivering,
    trouble,
)
from hms.outbox.delivering import LEASE, MAX_UNANSWERED, deliver_due
from hms.outbox.trouble import LASTS, LONGEST_WAIT_SECONDS, MIN_ATTEMPTS, UNSURE_WAIT, wait_after
from tests.outbox.conftest import queue, stored

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture(autouse=True)
def nothing_was_said(monkeypatch):
    """No other test's trouble is remembered."""
    monkeypatch.setattr(trouble.ours, "_said", {})


def take():
    """A message as a worker takes it."""
    return delivering.take(delivering.senders())


def test_what_is_due_is_sent_and_says_when(sender):
    queue("a")
    assert deliver_due() == 1

    assert sender.sent == ["a"]
    assert (stored("a").status, stored("a").attempts, stored("a").last_error) == ("sent", 1, None)
    assert stored("a").created_at <= stored("a").finished_at <= clock.now()
    assert deliver_due() == 0


def test_nothing_is_sent_before_it_is_due(sender, steady_clock):
    queue("a", due_at=clock.now() + timedelta(hours=1))
    assert deliver_due() == 0
    steady_clock.advance(hours=1)
    assert deliver_due() == 1


def test_the_newest_is_sent_first_so_that_nobody_stands_behind_a_backlog(sender):
    now = clock.now()
    for minutes in (60, 1, 30):
        queue(f"{minutes} minutes ago", due_at=now - timedelta(minutes=minutes))
    queue("now")
    deliver_due()

    assert sender.sent == ["now", "1 minutes ago", "30 minutes ago", "60 minutes ago"]


def test_the_worker_looks_every_second(sender):
    assert worker._steps["outbox"] is outbox.deliver_next
    assert worker.POLL_SECONDS <= 1


def test_one_look_takes_one_message(sender):
    queue(*(f"{number}" for number in range(50)))
    assert take() is not None

    taken = db.select(db.func.count()).where(OutboxMessage.status == "sending")
    assert db.session.scalar(taken) == 1


def test_a_kind_without_a_sender_waits_for_one(sender, app, monkeypatch):
    queue("a", kind="letter")
    assert deliver_due() == 0
    monkeypatch.setitem(app.extensions["hms.senders"], "letter", sender)
    assert deliver_due() == 1


def test_what_no_longer_holds_is_dropped_with_the_reason(sender):
    queue("a")
    sender.answers["a"] = Dropped("The appointment was cancelled.")
    deliver_due()

    assert (stored("a").status, stored("a").last_error) == ("dropped", "The appointment was cancelled.")
    assert stored("a").finished_at is not None


def test_a_permanent_failure_is_final_at_once(sender, steady_clock):
    queue("a")
    sender.answers["a"] = PermanentFailure("No such mailbox.")
    deliver_due()
    steady_clock.advance(days=1)

    assert (stored("a").status, stored("a").attempts, stored("a").last_error) == ("dead", 1, "No such mailbox.")
    assert deliver_due() == 0


def test_a_temporary_failure_is_tried_with_growing_pauses_and_given_up_after_three_days(sender, steady_clock):
    queue("a")
    sender.answers["a"] = TemporaryFailure("The server is away.")
    began_at = steady_clock.freeze()
    while stored("a").status == "pending":
        assert deliver_due() == 1
        assert (stored("a").attempts, stored("a").last_error) == (len(sender.attempts), "The server is away.")
        assert deliver_due() == 0
        steady_clock.set(stored("a").due_at)

    message = stored("a")
    assert (message.status, message.fault) == ("dead", "later")
    assert LASTS <= message.finished_at - began_at < LASTS + timedelta(hours=3)
    assert sender.attempts == list(range(1, message.attempts + 1))
    assert 36 <= message.attempts <= 60


def test_a_weekend_without_a_server_is_survived(sender, steady_clock):
    queue("a")
    sender.answers["a"] = TemporaryFailure("The server is away.", fault=Fault.SERVER)
    for _ in range(60):
        deliver_due()
        steady_clock.advance(hours=1)
    del sender.answers["a"]
    steady_clock.advance(hours=3)
    deliver_due()

    assert stored("a").status == "sent"


def test_the_three_days_begin_with_the_first_try_and_not_with_the_promise(sender, steady_clock):
    queue("reminder", due_at=clock.now() + timedelta(days=20))
    steady_clock.advance(days=20, minutes=1)
    sender.answers["reminder"] = TemporaryFailure("The server is away.")
    deliver_due()

    assert stored("reminder").status == "pending"


def test_a_clock_that_leaps_ahead_gives_nothing_up(sender, steady_clock):
    queue("a")
    sender.answers["a"] = TemporaryFailure("The server is away.")
    deliver_due()
    steady_clock.advance(days=30)
    for _ in range(MIN_ATTEMPTS - 2):
        deliver_due()
        steady_clock.advance(hours=3)

    assert (stored("a").status, stored("a").attempts) == ("pending", MIN_ATTEMPTS - 1)


def test_the_waits_grow_with_jitter_up_to_two_hours():
    waits = [[wait_after(attempt).total_seconds() for _ in range(200)] for attempt in range(1, 40)]
    longest = [max(of_one) for of_one in waits]

    assert all(len(set(of_one)) > 100 for of_one in waits)
    assert all(earlier <= later * 1.3 for earlier, later in itertools.pairwise(longest))
    assert max(longest) <= LONGEST_WAIT_SECONDS * 1.2
    assert min(waits[-1]) >= LONGEST_WAIT_SECONDS * 0.8


class TestWhatMayHaveBeenSent:
    def test_it_is_tried_once_more_after_an_hour_and_then_counts_as_sent(self, sender, steady_clock):
        queue("a")
        sender.answers["a"] = MayHaveBeenSent("It may have been sent.")
        now = steady_clock.freeze()
        deliver_due()
        assert (stored("a").status, stored("a").fault) == ("pending", "unsure")
        assert stored("a").due_at == now + UNSURE_WAIT
        steady_clock.set(stored("a").due_at)
        deliver_due()
        steady_clock.advance(days=4)

        assert deliver_due() == 0
        message = stored("a")
        assert (message.status, message.fault, message.last_error) == ("sent", "unsure", "It may have been sent.")
        assert sender.attempts == [1, 2]

    def test_it_is_not_tried_again_where_that_is_known_to_send_nothing(self, sender):
        queue("a")
        sender.answers["a"] = MayHaveBeenSent("It may have been sent.", retryable=False)
        deliver_due()
        assert (stored("a").status, stored("a").fault) == ("sent", "unsure")

    def test_a_message_that_left_before_its_worker_died_is_not_called_dropped(self, sender, steady_clock):
        queue("a")
        take()  # sent; and then the worker dies before it marks that
        steady_clock.advance(minutes=3)
        sender.answers["a"] = Dropped("The appointment was cancelled.")
        deliver_due()

        message = stored("a")
        assert (message.status, message.fault) == ("sent", "unsure")
        assert message.last_error == "It may have been sent before this: The appointment was cancelled."

    def test_what_failed_before_it_left_is_called_dropped(self, sender, steady_clock):
        queue("a")
        sender.answers["a"] = TemporaryFailure("The server is away.")
        deliver_due()
        steady_clock.advance(minutes=3)
        sender.answers["a"] = Dropped("The appointment was cancelled.")
        deliver_due()

        assert (stored("a").status, stored("a").attempts) == ("dropped", 2)

    def test_that_it_may_have_left_is_remembered_through_other_failures(self, sender, steady_clock):
        queue("a")
        for failure in (MayHaveBeenSent("Who knows."), TemporaryFailure("Away."), Dropped("Cancelled.")):
            sender.answers["a"] = failure
            deliver_due()
            steady_clock.advance(hours=2)

        assert (stored("a").status, stored("a").fault) == ("sent", "unsure")


class TestSettingsOfOurs:
    def test_messages_wait_and_the_log_says_it_once(self, sender, steady_clock, caplog):
        queue("a", "b", "c")
        wrong = TemporaryFailure("Our login is refused.", fault=Fault.OURS)
        sender.answers = dict.fromkeys("abc", wrong)
        for _ in range(5):
            deliver_due()
            steady_clock.advance(hours=3)

        assert {(stored(key).status, stored(key).fault) for key in "abc"} == {("pending", "ours")}
        errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
        assert errors == ["messages of kind note wait for our own settings: Our login is refused."]

    def test_it_is_news_again_after_a_message_got_through(self, sender, steady_clock, caplog):
        for key, answer in (("a", "bad"), ("b", None), ("c", "bad")):
            queue(key)
            if answer:
                sender.answers[key] = TemporaryFailure(answer, fault=Fault.OURS)
            deliver_due()

        assert [record.levelname for record in caplog.records].count("ERROR") == 2


def test_a_wait_that_the_other_side_asks_for_is_kept_and_a_shorter_one_than_ours_is_not(sender, steady_clock):
    queue("long")
    queue("short")
    sender.answers["long"] = TemporaryFailure("Too many requests.", wait=timedelta(hours=1))
    sender.answers["short"] = TemporaryFailure("Too many requests.", wait=timedelta(seconds=1))
    now = steady_clock.freeze()
    deliver_due()

    assert stored("long").due_at == now + timedelta(hours=1)
    assert stored("short").due_at >= now + timedelta(seconds=8)


def test_a_message_that_fails_holds_up_no_other(sender, caplog):
    queue("poison", "fine", "finer")
    sender.answers["poison"] = ZeroDivisionError("asha@example.test has a cough")
    assert deliver_due() == 3

    assert sorted(sender.sent) == ["fine", "finer"]
    assert stored("poison").status == "pending"


def test_what_staff_read_of_a_bug_says_nothing_about_a_person(sender, caplog):
    queue("poison")
    sender.answers["poison"] = ZeroDivisionError("asha@example.test has a cough")
    deliver_due()

    assert stored("poison").last_error == "HMS itself failed (ZeroDivisionError)."
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("payload", [[], "text", 7, None, {}, {"type": ["x"]}, {"type": None}])
def test_a_payload_of_any_form_can_be_delivered_and_listed(sender, app, payload):
    queue("odd")
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
        queue("a")
        take()
        steady_clock.advance(seconds=LEASE.total_seconds() - 5)
        assert deliver_due() == 0
        steady_clock.advance(seconds=10)
        assert deliver_due() == 1

        assert sender.attempts == [2]

    def test_the_mark_of_a_worker_that_comes_back_late_is_refused(self, sender, steady_clock):
        queue("a")
        late = take()
        steady_clock.advance(minutes=3)
        deliver_due()
        sent = stored("a").finished_at
        delivering._try_again_later(late, "The answer was lost.")
        delivering._finish(late, "dead", "The answer was lost.")

        assert (stored("a").status, stored("a").finished_at, stored("a").last_error) == ("sent", sent, None)

    def test_a_late_mark_is_refused_while_the_other_worker_is_at_it(self, sender, steady_clock):
        queue("a")
        late = take()
        steady_clock.advance(minutes=3)
        take()
        delivering._finish(late, "sent", None)

        assert (stored("a").status, stored("a").attempts) == ("sending", 2)

    def test_a_message_that_takes_its_workers_down_is_given_up(self, sender, steady_clock):
        queue("deadly")
        for _ in range(MAX_UNANSWERED):
            take()
            steady_clock.advance(minutes=3)
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
        queue("a")
        pauses, write = [], delivering._write

        away = [OperationalError("UPDATE", {}, Exception("the server went away")), PoolTimeout("all are in use")]

        def away_twice(*given):
            if len(pauses) < 2:
                raise away[len(pauses)]
            write(*given)

        monkeypatch.setattr(delivering, "_write", away_twice)
        monkeypatch.setattr(delivering, "time", SimpleNamespace(sleep=pauses.append))  # other threads sleep, too
        deliver_due()

        assert stored("a").status == "sent"
        assert pauses == list(delivering.MARK_AGAIN_AFTER_SECONDS[:2])
        assert "cannot be marked sent" in caplog.text


class TestSendingAgain:
    def test_a_dead_message_is_tried_for_three_days_more(self, sender):
        queue("a")
        sender.answers["a"] = PermanentFailure("Full.")
        deliver_due()
        del sender.answers["a"]

        assert outbox.send_again(stored("a").id) is True
        assert (stored("a").attempts, stored("a").finished_at, stored("a").first_tried_at) == (0, None, None)
        deliver_due()
        assert stored("a").status == "sent"

    def test_what_is_not_dead_is_left_alone(self, sender):
        queue("a")
        assert outbox.send_again(stored("a").id) is False
        deliver_due()
        assert outbox.send_again(stored("a").id) is False
        assert stored("a").attempts == 1
