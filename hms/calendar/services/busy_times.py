"""When a doctor is busy elsewhere: asked of Google every few minutes, stored without a reason.

Free/busy knows intervals, not events, so our own events are taken out by their times. While Google cannot be asked, the
last answer holds for a day; after that only our own data decides.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from hms import clock, worker
from hms.auth.models import User
from hms.availability import booking_rules
from hms.availability.services import note_busy_times
from hms.calendar import google, queries, signals
from hms.calendar.google.errors import AccessRevoked, GoogleTrouble, Refused
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import tokens
from hms.db import db, transaction

EVERY, LONGEST_PAUSE, AFTER_A_REFUSAL = timedelta(minutes=5), timedelta(hours=2), timedelta(days=1)
KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(minutes=5)
"""Longer than one doctor's calendar takes to read: when a worker dies in it, another asks again after this time."""

AT_ONCE = timedelta(days=31)
"""How much Google is asked for at a time; it refuses some months ("The requested time range is too long")."""

FAR = timedelta(days=3 * 366)
SPREAD = 1.2
PATIENT_WITH_401 = 3
DROP_EVERY_SECONDS = 3600

Interval = tuple[datetime, datetime]


class Reading(NamedTuple):
    """When the doctor is busy elsewhere between two moments."""

    busy: list[Interval]
    starts_at: datetime
    ends_at: datetime


def refresh_next() -> bool:
    """Read the calendar of one doctor who is due. Whether there was one, so that the worker asks again at once."""
    if not google.is_on() or (taken := _take()) is None:
        return False
    connection, lease = taken
    doctor_id = queries.find_doctor_id(connection.user_id)
    try:
        if doctor_id is not None:
            _store(connection, lease, doctor_id=doctor_id, reading=_read(connection, doctor_id))
    except GoogleTrouble as trouble:
        _failed(connection, lease, trouble)
    return True


def _take() -> tuple[CalendarConnection, datetime] | None:
    """The connection that is due longest, and until when it is ours."""
    now = clock.now()
    due = (
        select(CalendarConnection.id)
        .join(CalendarConnection.user)
        .where(CalendarConnection.status == ConnectionStatus.CONNECTED, CalendarConnection.next_busy_at <= now)
        .where(User.deactivated_at.is_(None))
        .order_by(CalendarConnection.next_busy_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=CalendarConnection)
    )
    taken = (
        update(CalendarConnection)
        .where(CalendarConnection.id == due.scalar_subquery())
        .values(next_busy_at=now + LEASE)
        .returning(CalendarConnection)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    with transaction() as session:
        connection = session.scalars(taken).one_or_none()
        return (connection, now + LEASE) if connection is not None else None


def _read(connection: CalendarConnection, doctor_id: UUID) -> Reading:
    """What Google says from the beginning of today to the doctor's horizon.

    Our own events are looked up before it is asked and after, as they may come and go meanwhile.
    """
    starts_at, ends_at = clock.start_of_day(clock.today()), booking_rules.of(doctor_id).bookable_until
    own = queries.own_intervals(connection, starts_at=starts_at, ends_at=ends_at)
    db.session.rollback()  # nothing is held while Google is waited for
    with tokens.calendar_of(connection) as calendar:
        busy = [interval for window in _windows(starts_at, ends_at) for interval in calendar.busy(*window)]
    own += queries.own_intervals(connection, starts_at=starts_at, ends_at=ends_at)
    return Reading(without(busy, own), starts_at, ends_at)


def _windows(starts_at: datetime, ends_at: datetime) -> Iterator[Interval]:
    while starts_at < ends_at:
        yield starts_at, min(starts_at + AT_ONCE, ends_at)
        starts_at += AT_ONCE


def without(busy: Iterable[Interval], own: Iterable[Interval]) -> list[Interval]:
    """What is left of ``busy`` when the intervals of ``own`` are cut out; whatever reaches beyond them stays."""
    left = list(busy)
    for starts_at, ends_at in own:
        left = [piece for interval in left for piece in _cut(interval, starts_at, ends_at)]
    return left


def _cut(interval: Interval, starts_at: datetime, ends_at: datetime) -> list[Interval]:
    before = (interval[0], min(interval[1], starts_at))
    after = (max(interval[0], ends_at), interval[1])
    return [piece for piece in (before, after) if piece[0] < piece[1]]


def _store(connection: CalendarConnection, lease: datetime, *, doctor_id: UUID, reading: Reading) -> None:
    """Keep what was read, unless another worker has taken the connection over, or it was disconnected meanwhile."""
    now = clock.now()
    ours = (
        update(CalendarConnection)
        .where(
            CalendarConnection.id == connection.id,
            CalendarConnection.status == ConnectionStatus.CONNECTED,
            CalendarConnection.next_busy_at == lease,
        )
        .values(
            busy_checked_at=now,
            busy_failures=0,
            next_busy_at=now + _about(EVERY),
            last_error=None if connection.busy_failures else CalendarConnection.last_error,
        )
        .returning(CalendarConnection.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        if session.scalar(ours) is not None:
            # The window begins long ago: what was known of days that are over is not kept.
            note_busy_times(doctor_id, reading.busy, starts_at=reading.starts_at - FAR, ends_at=reading.ends_at)


def _failed(connection: CalendarConnection, lease: datetime, trouble: GoogleTrouble) -> None:
    """Wait longer each time; a day where Google refuses, which a person has to mend; not again once access is lost."""
    if isinstance(trouble, AccessRevoked):
        return
    failures = connection.busy_failures + 1
    if failures >= PATIENT_WITH_401 and tokens.give_up_on_401(connection, trouble):
        return
    usual = AFTER_A_REFUSAL if isinstance(trouble, Refused) else min(EVERY * 2**failures, LONGEST_PAUSE)
    wait = max(getattr(trouble, "wait", None) or EVERY, _about(usual))
    ours = (
        update(CalendarConnection)
        .where(CalendarConnection.id == connection.id, CalendarConnection.next_busy_at == lease)
        .values(
            busy_failures=failures,
            next_busy_at=clock.now() + wait,
            last_error=str(trouble),
        )
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        session.execute(ours)


def _about(interval: timedelta) -> timedelta:
    """±20 %, so that not all doctors are asked about at the same moment."""
    return interval * random.uniform(2 - SPREAD, SPREAD)  # noqa: S311  # spreads load, guards nothing


def calendar_disconnected(connection: CalendarConnection, **_: object) -> None:
    """Forget what the calendar said, in the transaction that disconnects it."""
    if connection.busy_checked_at is not None:
        _forget(connection)


def drop_stale() -> int:
    """Forget what is older than a day, because Google cannot be asked: of how many connections."""
    forgotten = 0
    while stale := queries.list_stale_busy(before=clock.now() - KEPT_FOR):
        for connection in stale:
            with transaction():
                _forget(connection)
        forgotten += len(stale)
    return forgotten


def _forget(connection: CalendarConnection) -> None:
    doctor_id, now = queries.find_doctor_id(connection.user_id), clock.now()
    connection.busy_checked_at = None
    if doctor_id is not None:
        note_busy_times(doctor_id, [], starts_at=now - FAR, ends_at=now + FAR)


def undo_marks_of_the_future() -> int:
    """Make due what a clock that ran ahead has put off, read or leased; how many connections."""
    now = clock.now()
    latest, of = now + clock.SLACK, CalendarConnection
    longest = max(AFTER_A_REFUSAL, LONGEST_PAUSE) * SPREAD
    cures = (
        update(of).where(of.busy_checked_at > latest).values(busy_checked_at=now, next_busy_at=now),
        update(of).where(of.next_busy_at > latest + longest).values(next_busy_at=now),
        update(of).where(of.token_leased_until > latest + tokens.LEASE).values(token_leased_until=None),
    )
    with transaction() as session:
        done = [session.execute(cure.execution_options(synchronize_session=False)) for cure in cures]
    return sum(getattr(result, "rowcount", 0) for result in done)


def init_app() -> None:
    """Have the worker look after busy times."""
    worker.heal("marks of busy times", undo_marks_of_the_future)
    signals.calendar_disconnected.connect(calendar_disconnected)
    worker.loop("busy times", refresh_next)
    worker.every(DROP_EVERY_SECONDS, "forget old busy times", drop_stale)
