"""The worker: jobs run once however many workers there are, and nothing brings it down."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy.exc import OperationalError

from hms import clock, worker
from hms.db import db
from hms.worker import LEASE, RETRY, PeriodicJob
from tests.waiting import GENEROUS_SECONDS

ROOT = Path(__file__).parents[1]
HOUR = 3600


@pytest.fixture(autouse=True)
def no_other_work(monkeypatch):
    """Only what the test hangs there is done."""
    monkeypatch.setattr(worker, "_jobs", {})
    monkeypatch.setattr(worker, "_steps", {})
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.01)


@pytest.fixture
def done():
    """What was done, in order."""
    return []


def in_the_database(name):
    db.session.expire_all()
    return db.session.get(PeriodicJob, name)


class TestPeriodicJobs:
    def test_a_new_job_runs_at_once_and_then_when_its_time_comes(self, session, steady_clock, done):
        worker.every(HOUR, "tidy", lambda: done.append("tidy"))

        assert worker.run_due_jobs() == 1
        assert worker.run_due_jobs() == 0
        steady_clock.advance(minutes=59)
        assert worker.run_due_jobs() == 0
        steady_clock.advance(minutes=2)
        assert worker.run_due_jobs() == 1
        assert done == ["tidy", "tidy"]

    def test_after_a_long_absence_a_job_runs_once(self, session, steady_clock, done):
        worker.every(HOUR, "tidy", lambda: done.append("tidy"))
        worker.run_due_jobs()
        steady_clock.advance(days=3)

        assert [worker.run_due_jobs() for _ in range(3)] == [1, 0, 0]
        assert in_the_database("tidy").next_run_at > clock.now() + timedelta(minutes=59)

    def test_a_job_that_fails_is_one_line_in_the_log_and_does_not_hold_up_the_others(self, session, done, caplog):
        worker.every(HOUR, "break", lambda: [][0])
        worker.every(HOUR, "tidy", lambda: done.append("tidy"))

        assert worker.run_due_jobs() == 2
        assert done == ["tidy"]
        assert [record.message for record in caplog.records] == [
            "worker: break failed: IndexError: list index out of range"
        ]
        assert in_the_database("break").last_error == "IndexError: list index out of range"
        assert in_the_database("tidy").last_error is None

    def test_a_job_that_failed_is_tried_again_before_it_is_due_and_its_error_forgotten(
        self, session, steady_clock, done, caplog
    ):
        worker.every(24 * HOUR, "nightly", lambda: done.append("tried") or 1 / (len(done) - 1))
        worker.run_due_jobs()
        steady_clock.advance(seconds=RETRY.total_seconds() - 60)
        assert worker.run_due_jobs() == 0
        steady_clock.advance(minutes=2)

        assert worker.run_due_jobs() == 1
        assert done == ["tried", "tried"]
        assert in_the_database("nightly").last_error is None
        assert in_the_database("nightly").last_finished_at is not None

    def test_the_job_of_a_worker_that_died_in_it_is_taken_over(self, session, steady_clock, done):
        worker.every(60, "tidy", lambda: done.append("tidy"))

        def die():
            raise KeyboardInterrupt

        worker.every(60, "die", die)
        with pytest.raises(KeyboardInterrupt):
            worker.run_due_jobs()
        worker.every(60, "die", lambda: done.append("taken over"))
        steady_clock.advance(seconds=LEASE.total_seconds() - 30)
        worker.run_due_jobs()
        assert "taken over" not in done
        steady_clock.advance(minutes=1)
        worker.run_due_jobs()

        assert "taken over" in done

    def test_a_worker_that_was_away_longer_than_its_lease_does_not_move_the_job_on(self, session, steady_clock):
        worker.every(HOUR, "slow", lambda: None)
        worker.run_due_jobs()
        steady_clock.advance(hours=2)
        mine = worker._take(worker._jobs["slow"])
        steady_clock.advance(seconds=LEASE.total_seconds() + 1)
        theirs = worker._take(worker._jobs["slow"])

        worker._hand_back(worker._jobs["slow"], mine, next_run_at=clock.now())

        assert in_the_database("slow").next_run_at == theirs

    @pytest.mark.race
    def test_of_many_workers_one_runs_the_job(self, committing, done):
        worker.every(HOUR, "tidy", lambda: done.append(threading.current_thread().name))
        barrier = Barrier(8)

        def work():
            barrier.wait()
            with committing.app_context():
                worker.run_due_jobs()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(done) == 1


class TestTheLoop:
    def test_a_step_is_called_again_at_once_while_it_does_something(self, committing, done, monkeypatch):
        monkeypatch.setattr(worker, "POLL_SECONDS", 60)
        stop = Event()

        def step():
            done.append("some")
            if len(done) == 5:
                stop.set()
            return 1

        worker.loop("outbox", step)
        worker.run(committing, stop)

        assert len(done) == 5

    def test_a_step_that_fails_waits_longer_each_time_and_the_others_go_on(self, committing, done, caplog):
        stop = Event()

        def fail():
            raise OperationalError("SELECT secret", {}, Exception("server closed the connection\nsecond line"))

        def go_on():
            done.append("other")
            if len(done) == 50:
                stop.set()

        worker.loop("outbox", fail)
        worker.loop("other", go_on)
        worker.run(committing, stop)

        said = [record.message for record in caplog.records]
        assert 2 <= len(said) <= 8
        assert set(said) == {"worker: outbox failed, trying again: OperationalError: server closed the connection"}

    def test_a_step_that_recovered_starts_its_patience_anew(self, committing):
        answers = iter([ValueError, ValueError, None])

        def sometimes():
            if error := next(answers):
                raise error

        step = worker.Step("sometimes", sometimes)
        for failures in (1, 2, 0):
            step.not_before = 0
            worker._attempt(committing, step)
            assert step.failures == failures

    def test_what_has_begun_is_finished_and_nothing_new_is_begun(self, committing, done):
        stop = Event()

        def begin():
            stop.set()
            done.append("finished")

        worker.loop("first", begin)
        worker.loop("second", lambda: done.append("second"))
        worker.every(60, "third", lambda: done.append("third"))
        worker.run(committing, stop)

        assert done == ["finished"]


@pytest.mark.slow
def test_the_command_leaves_at_sigterm_and_survives_a_database_that_is_away(tmp_path):
    environment = {
        **os.environ,
        "HMS_MODE": "development",
        "HMS_DATA_DIR": str(tmp_path),
        "HMS_DATABASE_URL": f"postgresql://hms@/hms?host={tmp_path}",
        "FLASK_SKIP_DOTENV": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "The worker is running.\n"
    assert "trying again" in process.stderr.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=GENEROUS_SECONDS)

    assert process.returncode == 0
