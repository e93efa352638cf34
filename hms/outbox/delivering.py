"""Keeping the promise: a worker takes a message, sends it outside of any transaction, and marks it.

Senders are idempotent. A message is sent at least once; twice only if a worker dies, or is away longer than its lease,
between sending and marking.
"""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import Update, select, update
from sqlalchemy.exc import DBAPIError

from hms import clock
from hms.db import db, transaction
from hms.outbox.models import MessageStatus, OutboxMessage, type_of

LEASE = timedelta(seconds=90)
"""Longer than any sender takes: the email function answers, or is given up, within 33 seconds."""

MOST_ATTEMPTS = 8
FIRST_WAIT_SECONDS, WAIT_GROWS_BY, LONGEST_WAIT_SECONDS = 10, 4, 2 * 60 * 60

MARK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 16)
"""How patiently a database that is away is asked to take a mark: a mark that is lost means a mail sent twice."""

Sender = Callable[["Message"], None]


class Dropped(Exception):
    """A sender found that the message no longer holds; the text says why."""


class PermanentFailure(Exception):
    """Trying again would fail in the same way."""


class TemporaryFailure(Exception):
    """Trying again later may help; not before ``wait`` has passed, if the other side named a time."""

    def __init__(self, error: str = "", *, wait: timedelta | None = None) -> None:
        super().__init__(error)
        self.wait = wait or timedelta()


class Message(NamedTuple):
    """A message as its sender gets it. ``attempt`` counts from 1."""

    id: UUID
    kind: str
    dedup_key: str
    payload: dict[str, Any]
    attempt: int


def register(app: Flask, kind: str, sender: Sender) -> None:
    """Deliver messages of this kind through ``sender``. A kind without one waits until it has one."""
    app.extensions.setdefault("hms.senders", {})[kind] = sender


def senders() -> dict[str, Sender]:
    """The senders of this application, by kind."""
    return current_app.extensions.get("hms.senders", {})


def deliver_due(*, most: int = 1000) -> int:
    """Deliver what is due, one after the other, until nothing is, or ``most`` were tried. How many were tried."""
    tried = 0
    while tried < most and (message := _take()):
        _deliver(message)
        tried += 1
    return tried


def deliver_next() -> bool:
    """Deliver one message that is due; whether there was one. The worker can stop between two of them."""
    return deliver_due(most=1) == 1


def _take() -> Message | None:
    """The message that became due last, leased to this worker; none when no message is due.

    The newest comes first: whoever waits for a confirmation now does not stand behind an outage's thousands. No
    message relies on an earlier one, as each is composed from how things stand when it is sent.
    """
    now = clock.now()
    due = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.status.in_((MessageStatus.PENDING, MessageStatus.SENDING)),
            OutboxMessage.due_at <= now,
            OutboxMessage.kind.in_(senders()),
        )
        .order_by(OutboxMessage.due_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(OutboxMessage)
        # "=", not "IN": a subquery that locks must run once. Joined in a plan, it would take more rows than it returns.
        .where(OutboxMessage.id == due.scalar_subquery())
        .values(status=MessageStatus.SENDING, attempts=OutboxMessage.attempts + 1, due_at=now + LEASE)
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.dedup_key,
            OutboxMessage.payload,
            OutboxMessage.attempts,
        )
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        row = session.execute(taken).first()
    return Message(*row) if row else None


def _deliver(message: Message) -> None:
    if message.attempt > MOST_ATTEMPTS:  # it took its workers down with it
        _finish(message, MessageStatus.DEAD, "Given up: the worker stopped each time while it sent this.")
        return
    try:
        senders()[message.kind](message)
    except Dropped as reason:
        _finish(message, MessageStatus.DROPPED, str(reason))
    except PermanentFailure as error:
        _finish(message, MessageStatus.DEAD, str(error))
    except TemporaryFailure as error:
        _try_again_later(message, str(error), wait=error.wait)
    except Exception as error:  # a bug, or a database that is away; its text may hold what is nobody's business
        current_app.logger.exception("message %s cannot be sent", message.id)
        _try_again_later(message, f"HMS itself failed ({type(error).__name__}).")
    else:
        _finish(message, MessageStatus.SENT, None)
    finally:
        db.session.rollback()  # a sender reads through the session; it leaves nothing open


def _try_again_later(message: Message, error: str, *, wait: timedelta = timedelta()) -> None:
    if message.attempt >= MOST_ATTEMPTS:
        _finish(message, MessageStatus.DEAD, error)
        return
    due_at = clock.now() + max(wait, wait_after(message.attempt))
    _mark(message, status=MessageStatus.PENDING, due_at=due_at, error=error)


def wait_after(attempt: int) -> timedelta:
    """How long to wait after the n-th failure: 10 seconds, four times longer each time, at most 2 hours, ±20 %.

    Eight attempts take about five hours in all.
    """
    seconds = min(FIRST_WAIT_SECONDS * WAIT_GROWS_BY ** (attempt - 1), LONGEST_WAIT_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing


def _finish(message: Message, status: MessageStatus, error: str | None) -> None:
    now = clock.now()
    _mark(message, status=status, due_at=now, error=error, finished_at=now)
    level = "warning" if status == MessageStatus.DEAD else "info"
    name = type_of(message.payload, kind=message.kind)
    getattr(current_app.logger, level)("message %s (%s): %s", message.id, name, status)


def _mark(
    message: Message, *, status: MessageStatus, due_at: datetime, error: str | None, finished_at: datetime | None = None
) -> None:
    """Write what became of it, unless another worker has taken it over meanwhile."""
    mark = (
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.attempts == message.attempt,
            OutboxMessage.status == MessageStatus.SENDING,
        )
        .values(status=status, due_at=due_at, last_error=(error or "")[:500] or None, finished_at=finished_at)
        .execution_options(synchronize_session=False)
    )
    for pause in MARK_AGAIN_AFTER_SECONDS:
        try:
            return _write(mark)
        except DBAPIError:
            current_app.logger.warning("message %s cannot be marked %s, trying again", message.id, status)
            time.sleep(pause)
    return _write(mark)


def _write(mark: Update) -> None:
    db.session.rollback()
    with transaction() as session:
        session.execute(mark)


def send_again(message_id: UUID) -> bool:
    """Give a dead message another eight attempts, from now on. Whether there was such a dead message."""
    with transaction() as session:
        changed = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.status == MessageStatus.DEAD)
            .values(status=MessageStatus.PENDING, attempts=0, due_at=clock.now(), finished_at=None)
        )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
