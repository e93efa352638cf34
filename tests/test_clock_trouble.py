"""One clock for all rows, the database's: a machine whose own is wrong does no harm, and what one did is undone."""

import time
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import update

from hms import clock, outbox, worker
from hms.auth import services as services_of_accounts
from hms.auth.services import pauses
from hms.availability import services
from hms.availability.models import DoctorPlan, Slot
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import busy_times
from hms.db import db, read_the_clock, transaction
from hms.outbox import MessageStatus, OutboxMessage
from hms.outbox.delivering import LEASE, deliver_due
from hms.outbox.healing import undo_marks_of_the_future
from tests import make
from tests.outbox.conftest import queue, sender, stored  # noqa: F401  # a fixture

HOUR = timedelta(hours=1)
REAL_NOW = clock.now


class Machine:
    """This machine's clocks, of which the wall's is wrong by so many seconds."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self):
        self.ahead = 0.0

    def time(self):
        """What the machine takes for Unix time."""
        return time.time() + self.ahead


@pytest.fixture
def machine(monkeypatch):
    """A machine that has not read the database's clock yet."""
    machine = Machine()
    monkeypatch.setattr(clock, "machine", machine)
    monkeypatch.setattr(clock, "_reading", None)
    return machine


@pytest.fixture
def quiet_worker(monkeypatch):
    """A worker without work of its own, that does not wait."""
    for name in ("_jobs", "_steps", "_cures"):
        monkeypatch.setattr(worker, name, {})
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.01)


def seconds_apart(one, other):
    return abs((one - other).total_seconds())


class TestWhatTimeItIs:
    @pytest.mark.parametrize("ahead", [-7200.0, 20.0, 86400.0])
    def test_it_is_the_databases_whatever_this_machine_takes_it_for(self, app, machine, ahead):
        machine.ahead = ahead
        with app.app_context():
            read_the_clock(unless_within=1)
        assert seconds_apart(REAL_NOW(), datetime.now(UTC)) < 5
        assert clock._reading.ahead == pytest.approx(ahead, abs=5)

    def test_setting_the_machines_clock_moves_nothing_and_has_the_database_asked_again(self, app, machine):
        with app.app_context():
            read_the_clock(unless_within=1000)
            assert clock.was_read_within(1000)
            before = REAL_NOW()
            machine.ahead = 5000
            assert seconds_apart(REAL_NOW(), before) < 100
            assert not clock.was_read_within(1000)
            machine.ahead = -5000
            assert not clock.was_read_within(1000)

    def test_a_page_reads_the_clock_over_the_connection_it_takes_anyway(self, committing, machine):
        machine.ahead = 40.0
        assert committing.test_client().get("/doctors").status_code == 200
        assert clock._reading.ahead == pytest.approx(40, abs=5)

    def test_the_connection_that_told_the_time_is_as_it_was(self, app, machine):
        with app.app_context(), db.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert clock.was_read_within(60)
            assert (driver.autocommit, driver.stage) == (False, type(driver.stage).AS_USUAL)

    def test_small_trembling_of_the_way_there_and_back_does_not_move_time(self, machine):
        clock.follow(1000.0, asked_at=time.monotonic())
        first = clock._reading
        clock.follow(1000.02, asked_at=time.monotonic())
        assert clock._reading.database - clock._reading.monotonic == pytest.approx(
            first.database - first.monotonic, abs=1e-6
        )
        clock.follow(1007.0, asked_at=time.monotonic())
        assert clock._reading.database == 1007.0


class TestAWorkerWhoseClockIsWrong:
    def test_it_stands_still_says_so_once_and_goes_on_by_itself(self, committing, machine, quiet_worker, caplog):
        machine.ahead = 95.0
        done, looks = [], []

        class Stop(Event):
            def wait(self, timeout=None):
                looks.append(len(done))
                if len(looks) == 5:
                    machine.ahead = 0.0
                return super().wait(0)

        stop = Stop()
        worker.loop("step", lambda: done.append("step") or stop.set())
        worker.every(60, "job", lambda: done.append("job"))
        worker.run(committing, stop)

        assert done == ["step"]
        assert len(looks) >= 5
        assert set(looks[:5]) == {0}
        said = [record.message for record in caplog.records]
        assert [line for line in said if "95 seconds ahead of the database's" in line] == said[:1]
        assert said[1:] == ["worker: the clocks agree again; work goes on."]

    def test_a_clock_that_is_half_a_minute_off_hinders_nothing(self, committing, machine, quiet_worker):
        machine.ahead = -25.0
        stop = Event()
        worker.loop("step", stop.set)
        worker.run(committing, stop)
        assert stop.is_set()

    def test_what_it_left_is_undone_when_a_worker_starts_and_after_the_clocks_agree_again(
        self, committing, machine, quiet_worker
    ):
        cured, turns = [], []

        class Stop(Event):
            def wait(self, timeout=None):
                turns.append(1)
                machine.ahead = 3600.0 if len(turns) == 1 else 0.0
                if len(turns) == 4:
                    self.set()
                return super().wait(0)

        worker.heal("marks", lambda: cured.append(len(turns)))
        worker.run(committing, Stop())
        assert cured == [0, 2]

    def test_a_cure_that_fails_keeps_nobody_waiting_and_is_tried_again(self, committing, quiet_worker, caplog):
        tried, done, stop = [], [], Event()

        def cure():
            tried.append(1)
            if len(tried) == 1:
                raise ValueError("no")
            stop.set()

        worker.heal("marks", cure)
        worker.loop("step", lambda: done.append(1))
        worker.run(committing, stop)
        assert len(tried) == 2
        assert done

    def test_it_is_undone_after_the_databases_clock_was_set_back(self, committing, machine, quiet_worker, monkeypatch):
        watch = worker.ClockWatch()
        assert watch.allows(committing)
        watch.was_wrong = False
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now - timedelta(minutes=3))
        assert watch.allows(committing)
        assert watch.was_wrong

    def test_the_command_that_delivers_refuses_too(self, app, machine):
        machine.ahead = -400.0
        answer = app.test_cli_runner().invoke(args=["outbox", "deliver"])
        assert answer.exit_code == 1
        assert "400 seconds behind the database's" in answer.output


class TestJobs:
    def test_a_job_that_a_clock_put_off_beyond_its_interval_is_due(self, session, steady_clock, quiet_worker):
        done = []
        worker.every(3600, "tidy", lambda: done.append("tidy"))
        steady_clock.advance(days=400)
        worker.run_due_jobs()
        steady_clock.advance(days=-400)

        assert worker.run_due_jobs() == 1
        assert len(done) == 2
        assert worker.run_due_jobs() == 0

    def test_a_job_that_was_taken_by_a_clock_ahead_and_never_given_back_is_due(
        self, session, steady_clock, quiet_worker
    ):
        worker.every(60, "tidy", lambda: None)
        worker.run_due_jobs()
        steady_clock.advance(hours=3)
        assert worker._take(worker._jobs["tidy"])
        steady_clock.advance(hours=-3)
        assert worker.run_due_jobs() == 1

    def test_one_that_somebody_is_at_is_not_due_though_its_lease_outlasts_its_interval(
        self, session, steady_clock, quiet_worker
    ):
        worker.every(60, "tidy", lambda: None)
        worker.run_due_jobs()
        steady_clock.advance(minutes=2)
        assert worker._take(worker._jobs["tidy"])
        steady_clock.advance(minutes=1)
        assert worker.run_due_jobs() == 0


class TestMessages:
    @pytest.mark.parametrize("status", [MessageStatus.DROPPED, MessageStatus.DEAD])
    def test_what_was_given_up_at_a_moment_to_come_is_sent_after_all(self, session, sender, steady_clock, status):  # noqa: F811
        error = outbox.Dropped("late") if status == MessageStatus.DROPPED else outbox.PermanentFailure("late")
        queue("ahead", "right")
        sender.answers.update(ahead=error, right=error)
        deliver_due()
        right_at = stored("right").finished_at
        with transaction():
            update_to(OutboxMessage.dedup_key == "ahead", finished_at=clock.now() + HOUR)
        sender.answers.clear()

        assert undo_marks_of_the_future() == 1
        assert deliver_due() == 1
        assert sender.sent == ["ahead"]
        assert (stored("right").status, stored("right").finished_at) == (status, right_at)

    def test_leases_pauses_and_promises_of_a_clock_ahead_end(self, session, sender, steady_clock):  # noqa: F811
        steady_clock.advance(days=2)
        queue("queued ahead")
        steady_clock.advance(days=-2)
        queue("leased", "leased ahead", "waits", "waits ahead", "reminder", "soon")
        now = clock.now()
        with transaction():
            for key, values in {
                "leased": {"status": "sending", "attempts": 1, "due_at": now + LEASE},
                "leased ahead": {"status": "sending", "attempts": 1, "due_at": now + HOUR},
                "waits": {"attempts": 3, "due_at": now + HOUR},
                "waits ahead": {"attempts": 3, "due_at": now + timedelta(days=2)},
                "reminder": {"due_at": now + timedelta(days=20)},
                "soon": {"due_at": now + HOUR},
            }.items():
                update_to(OutboxMessage.dedup_key == key, **values)

        assert undo_marks_of_the_future() == 3
        deliver_due()
        assert sorted(sender.sent) == ["leased ahead", "queued ahead", "waits ahead"]
        assert undo_marks_of_the_future() == 0

    def test_what_was_sent_at_a_moment_to_come_counts_as_sent_now(self, session, sender, steady_clock):  # noqa: F811
        queue("ahead")
        deliver_due()
        with transaction():
            update_to(OutboxMessage.dedup_key == "ahead", finished_at=clock.now() + timedelta(days=40))

        assert undo_marks_of_the_future() == 1
        assert deliver_due() == 0
        assert stored("ahead").finished_at <= clock.now()


def test_who_asked_for_a_mail_while_a_clock_was_ahead_may_ask_again(session, asha, steady_clock, sender):  # noqa: F811
    steady_clock.advance(days=30)
    services_of_accounts.ask_for_reset(asha.user.email)
    steady_clock.advance(days=-30)
    assert pauses.find_end(pauses.Kind.RESET, asha.user.email) is None
    services_of_accounts.ask_for_reset(asha.user.email)
    assert pauses.find_end(pauses.Kind.RESET, asha.user.email) > clock.now()


def update_to(which, **values):
    """Write what a clock that was wrong would have written."""
    db.session.execute(update(OutboxMessage).where(which).values(**values))


class TestTheOffer:
    def test_times_that_lapsed_before_they_came_are_offered_again(self, session, bose, steady_clock):
        slot = make.slot(bose, starts_at=clock.now() + 48 * HOUR)
        steady_clock.advance(days=30)
        assert services.mark_expired() == 1
        steady_clock.advance(days=-30)

        assert services.undo_expired_to_come() == 1
        assert not db.session.scalar(db.select(Slot.expired).where(Slot.id == slot.id))

    def test_a_plan_that_a_clock_ahead_made_too_far_is_made_anew_without_days_left_out(
        self, session, bose, steady_clock
    ):
        make.schedule(bose)
        services.refresh_plan(bose.id)
        as_it_was = offered(bose)
        steady_clock.advance(days=200)
        services.extend_plans()
        services.refresh_next()
        steady_clock.advance(days=-200)

        assert services.undo_plans_to_come() == 1
        services.refresh_next()
        plan = db.session.get(DoctorPlan, bose.id, populate_existing=True)
        assert plan.planned_to <= clock.today() + timedelta(days=60)
        assert as_it_was <= offered(bose)
        assert services.undo_plans_to_come() == 0


def offered(doctor):
    return set(db.session.scalars(db.select(Slot.starts_at).where(Slot.doctor_id == doctor.id)))


def test_a_calendar_that_a_clock_ahead_put_off_is_read_again(session, bose):
    now = clock.now()
    connection = CalendarConnection(
        user_id=bose.user_id,
        google_sub="1",
        google_email="bose@example.test",
        scopes="",
        refresh_token=b"sealed",
        status=ConnectionStatus.CONNECTED,
        connected_at=now,
        busy_checked_at=now + HOUR,
        next_busy_at=now + HOUR + busy_times.EVERY,
        token_leased_until=now + HOUR,
    )
    with transaction() as writing:
        writing.add(connection)
    assert busy_times.undo_marks_of_the_future() == 2
    db.session.refresh(connection)
    assert connection.next_busy_at <= clock.now()
    assert connection.token_leased_until is None
    assert busy_times.undo_marks_of_the_future() == 0
