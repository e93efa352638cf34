"""``flask worker``: what HMS does beside answering requests.

A capability registers its work here in its ``init_app``:

* :func:`loop` for work that waits in the database, such as the outbox: called about every second, in every worker;
* :func:`every` for work that is due by the clock, such as tidying up: done by one worker at a time, however many run;
* :func:`heal` for what a clock that was wrong may have left in the database: called when a worker starts.

Work that fails is logged in one line and tried again, at growing intervals. Times of down-time are not made up for: a
periodic job that was due ten times runs once. While this machine's clock and the database's differ, nothing is done.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import click
from flask import Flask, current_app
from sqlalchemy import Row, String, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from hms import clock
from hms.cli import Command
from hms.db import Model, db, read_the_clock, transaction

POLITENESS = 10
"""How far the worker stands back, as nice(1) counts, for people who wait for a page on the same machine."""

POLL_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LEASE = timedelta(minutes=10)
"""Longer than any periodic job takes: when a worker dies in one, another takes it over after this time."""

STEP_BACK = timedelta(seconds=1)
RETRY = timedelta(minutes=5)
"""When a periodic job that failed is tried again, unless it is due earlier anyway."""


class PeriodicJob(Model):
    """When a periodic job is next due. Whoever moves ``next_run_at`` on has the job to do."""

    __tablename__ = "periodic_jobs"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    next_run_at: Mapped[datetime]
    last_started_at: Mapped[datetime | None]
    last_finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))


WHEN = (PeriodicJob.name, PeriodicJob.next_run_at, PeriodicJob.last_started_at)


@dataclass(frozen=True)
class Job:
    """A periodic job: what to do, and how often."""

    name: str
    interval: timedelta
    do: Callable[[], object]


@dataclass
class Step:
    """One kind of waiting work, and how it fares. ``do`` answers how much it did, so that more may come at once."""

    name: str
    do: Callable[[], object]
    failures: int = 0
    not_before: float = 0.0  # on the monotonic clock

    def failed(self) -> None:
        """Wait twice as long each time, up to half a minute."""
        self.failures += 1
        self.not_before = time.monotonic() + min(POLL_SECONDS * 2**self.failures, LONGEST_PAUSE_SECONDS)


class ClockWatch:
    """Whether this worker may act on time: it reads the database's clock before it does, and says what is wrong once.

    ``was_wrong`` is true at the start, and after the clocks differed or the database's was set back: then marks may be
    there that only a clock which ran ahead could make.
    """

    def __init__(self) -> None:
        self.was_wrong = True
        self._is_said = False
        self._latest: datetime | None = None

    def allows(self, app: Flask) -> bool:
        """Whether the clocks agree. A database that does not answer is noticed by whoever asks it something."""
        try:
            with app.app_context():
                read_the_clock(unless_within=POLL_SECONDS)
        except Exception:  # the steps say so
            return True
        if trouble := clock.trouble():
            self._is_wrong(app, trouble)
            return False
        self._is_right(app)
        return True

    def _is_wrong(self, app: Flask, trouble: str) -> None:
        if not self._is_said:
            app.logger.error("worker: %s Nothing is sent and no job is run until they agree.", trouble)
        self._is_said = self.was_wrong = True

    def _is_right(self, app: Flask) -> None:
        if self._is_said:
            app.logger.warning("worker: the clocks agree again; work goes on.")
        now = clock.now()
        if self._latest and now < self._latest - STEP_BACK:
            self.was_wrong = True
        self._is_said, self._latest = False, now


_steps: dict[str, Callable[[], object]] = {}
_jobs: dict[str, Job] = {}
_cures: dict[str, Callable[[], object]] = {}


def loop(name: str, function: Callable[[], object]) -> None:
    """Have every worker call ``function`` about once a second, inside an application context.

    While it answers something true (how much it did), it is called again at once.
    """
    _steps[name] = function


def every(seconds: float, name: str, job: Callable[[], object]) -> None:
    """Have one worker at a time call ``job`` every so many seconds; for the first time as soon as one runs.

    A job takes less than ten minutes and may run again after it failed, or after its worker died in it.
    """
    _jobs[name] = Job(name, timedelta(seconds=seconds), job)


def heal(name: str, function: Callable[[], object]) -> None:
    """Have every worker call ``function`` when it starts, and again after a clock was wrong.

    It undoes what only a clock that ran ahead can have written, and may run at any time and in several workers at once.
    """
    _cures[name] = function


def init_app(app: Flask) -> None:
    """Register ``flask worker``."""

    @app.cli.command("worker", cls=Command, with_appcontext=False)
    def worker() -> None:
        """Deliver messages and run periodic jobs, until SIGTERM or Ctrl-C."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        os.nice(POLITENESS)
        click.echo("The worker is running.")
        run(app, stop)


def run(app: Flask, stop: Event) -> None:
    """Work until ``stop`` is set; what has begun is finished first."""
    steps = [Step(name, do) for name, do in _steps.items()]
    steps.append(Step("periodic jobs", lambda: run_due_jobs(stop)))
    watch, cures = ClockWatch(), []
    while not stop.is_set():
        allowed = watch.allows(app)
        if allowed and watch.was_wrong:
            watch.was_wrong, cures = False, [Step(name, do) for name, do in _cures.items()]
        cures = [cure for cure in cures if not _has_worked(app, cure)] if allowed else cures
        busy = [_attempt(app, step) for step in steps if allowed and not stop.is_set()]
        if not any(busy):
            stop.wait(POLL_SECONDS)


def _has_worked(app: Flask, cure: Step) -> bool:
    """Whether the cure was applied; one that fails is tried again later, and keeps nothing else waiting."""
    if time.monotonic() < cure.not_before:
        return False
    _attempt(app, cure)
    return cure.failures == 0


def _attempt(app: Flask, step: Step) -> bool:
    """Whether the step did something, so that there may be more to do."""
    if time.monotonic() < step.not_before:
        return False
    try:
        with app.app_context():
            did = bool(step.do())
    except Exception as error:  # the worker outlives whatever its work runs into
        step.failed()
        app.logger.error("worker: %s failed, trying again: %s", step.name, _in_a_line(error))
        return False
    step.failures = 0
    return did


def run_due_jobs(stop: Event | None = None) -> int:
    """Run the periodic jobs that are due and that no other worker has taken; answers how many."""
    ran = 0
    for job in _seemingly_due():
        if (stop is None or not stop.is_set()) and (lease := _take(job)):
            _run(job, lease=lease)
            ran += 1
    return ran


def _seemingly_due() -> list[Job]:
    """What an unlocked look finds due; a job that has no row yet gets one, and is due at once."""
    now = clock.now()
    rows = {row.name: row for row in db.session.execute(select(*WHEN))}
    new = [{"name": name, "next_run_at": now} for name in _jobs if name not in rows]
    if new:
        with transaction() as session:
            session.execute(insert(PeriodicJob).on_conflict_do_nothing(), new)
    return [job for name, job in _jobs.items() if name not in rows or _is_due(job, rows[name], now)]


def _is_due(job: Job, row: Row, now: datetime) -> bool:
    """Whether its time has come, or a clock that ran ahead has put it off further than the job ever waits."""
    if row.next_run_at <= now:
        return True
    is_taken = row.last_started_at is not None and row.next_run_at == row.last_started_at + LEASE
    return row.next_run_at > now + (LEASE if is_taken else job.interval) + clock.SLACK


def _take(job: Job) -> datetime | None:
    """Take the job if it is due, and answer until when it is ours; none if it is not due or somebody else has it."""
    now = clock.now()
    locked = select(*WHEN).where(PeriodicJob.name == job.name).with_for_update(skip_locked=True)
    with transaction() as session:
        row = session.execute(locked).one_or_none()
        if row is None or not _is_due(job, row, now):
            return None
        _note(job, next_run_at=now + LEASE, last_started_at=now)
    return now + LEASE


def _run(job: Job, *, lease: datetime) -> None:
    started_at = lease - LEASE
    try:
        job.do()
    except Exception as error:  # the other jobs go on
        db.session.rollback()
        current_app.logger.error("worker: %s failed: %s", job.name, _in_a_line(error))
        next_run_at = started_at + min(job.interval, RETRY)
        _hand_back(job, lease, next_run_at=next_run_at, last_error=_in_a_line(error))
        return
    next_run_at = started_at + job.interval
    _hand_back(job, lease, next_run_at=next_run_at, last_error=None, last_finished_at=clock.now())


def _hand_back(job: Job, lease: datetime, **values: object) -> None:
    """Say when the job is due next, unless our lease ran out and another worker has it by now."""
    with transaction():
        _note(job, PeriodicJob.next_run_at == lease, **values)


def _note(job: Job, *conditions: object, **values: object) -> None:
    mine = update(PeriodicJob).where(PeriodicJob.name == job.name, *conditions).values(**values)  # type: ignore[arg-type]
    db.session.execute(mine.execution_options(synchronize_session=False))


def _in_a_line(error: Exception) -> str:
    """The kind of error and its first line; statements and their parameters, which may be about people, stay out."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().splitlines()
    return f"{type(error).__name__}: {first[0] if first else ''}".rstrip(": ")[:500]
