"""Delivery: a worker takes a message, sends it outside of any transaction, and marks it.

Senders are idempotent. A message is sent at least once; twice only if a worker dies, or is away longer than its lease,
between sending and marking.
"""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import ARRAY, BindParameter, ColumnElement, String, any_, bindparam, exists, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import aliased

from hms import clock
from hms.db import db, transaction
from hms.outbox.models import Fault, MessageStatus, OutboxMessage, type_of
from hms.outbox.trouble import (
    UNSURE_WAIT,
    Dropped,
    MayHaveBeenSent,
    PermanentFailure,
    TemporaryFailure,
    is_over,
    ours,
    wait_after,
)
from hms.prepared import Prepared

LEASE = timedelta(seconds=150)
"""Longer than any sender takes: the email function answers, or is given up, within 108 seconds."""

MAX_UNANSWERED = 8
"""So many workers in a row may stop in the middle of one message; then it is given up."""

MARK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 16)
"""How patiently a database that is away is asked to take a mark: a mark that is lost means a mail sent twice."""

Sender = Callable[["Message"], None]


class Message(NamedTuple):
    """A message as its sender gets it. ``attempt`` counts from 1; ``fault`` is that of the attempt before."""

    id: UUID
    kind: str
    dedup_key: str
    payload: dict[str, Any]
    attempt: int
    unanswered: int
    first_tried_at: datetime
    fault: str | None = None

    @property
    def may_have_left(self) -> bool:
        """Whether an earlier attempt may have sent it: a worker never said how that went, or the answer was lost."""
        return self.unanswered > 1 or self.fault == Fault.UNSURE


_held_back_while: list[ColumnElement[bool]] = []


def hold_back_while(condition: ColumnElement[bool]) -> None:
    """Take no message while this is true in the database."""
    _held_back_while.append(condition)


def register(app: Flask, kind: str, sender: Sender) -> None:
    """Deliver messages of this kind through ``sender``. A kind without one waits until it has one."""
    app.extensions.setdefault("hms.senders", {})[kind] = sender


def senders() -> dict[str, Sender]:
    """The senders of this application, by kind."""
    return current_app.extensions.get("hms.senders", {})


def deliver_due(*, limit: int = 1000) -> int:
    """Deliver what is due, one after the other, until nothing is, or ``limit`` were tried. How many were tried."""
    tried = 0
    while tried < limit and (message := take(senders())):
        deliver(message)
        tried += 1
    return tried


def take(kinds: Collection[str]) -> Message | None:
    """The message of one of these kinds that became due last, leased to this worker; none when no such one is due.

    The newest comes first: whoever waits for a confirmation now does not stand behind an outage's thousands. No
    message relies on an earlier one, as each is composed from how things stand when it is sent; and none is taken while
    another to the same person about the same thing is under way, so that the later one also arrives later.
    """
    now = clock.now()
    with transaction():
        row = _taking().first(kinds=list(kinds), now=now, lease_ends_at=now + LEASE)
    return Message(*row) if row else None


@cache
def _taking() -> Prepared:
    now: BindParameter[datetime] = bindparam("now", type_=OutboxMessage.due_at.type)
    lease_ends_at: BindParameter[datetime] = bindparam("lease_ends_at", type_=OutboxMessage.due_at.type)
    due = (
        select(OutboxMessage.id)
        .where(
            or_(OutboxMessage.status == MessageStatus.PENDING, OutboxMessage.status == MessageStatus.SENDING),
            OutboxMessage.due_at <= now,
            OutboxMessage.kind == any_(bindparam("kinds", type_=ARRAY(String))),
            *[~condition for condition in _held_back_while],
            ~_follows_one_under_way(now, lease_ends_at),
        )
        .order_by(OutboxMessage.due_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(OutboxMessage)
        # "=", not "IN": a subquery that locks must run once. Joined in a plan, it would take more rows than it returns.
        .where(OutboxMessage.id == due.scalar_subquery())
        .values(
            status=MessageStatus.SENDING,
            attempts=OutboxMessage.attempts + 1,
            unanswered=OutboxMessage.unanswered + 1,
            first_tried_at=func.coalesce(OutboxMessage.first_tried_at, now),
            due_at=lease_ends_at,
        )
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.dedup_key,
            OutboxMessage.payload,
            OutboxMessage.attempts,
            OutboxMessage.unanswered,
            OutboxMessage.first_tried_at,
            OutboxMessage.fault,
        )
    )
    return Prepared(taken)


def _follows_one_under_way(now: ColumnElement[datetime], lease_ends_at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a worker is sending another message of the kind, to the same person, about the same thing.

    No lease ends after one that begins now: so the database need not look through all reminders to come.
    """
    other = aliased(OutboxMessage)
    return (
        exists()
        .where(other.subject_id == OutboxMessage.subject_id, other.kind == OutboxMessage.kind)
        .where(other.payload["to"].astext == OutboxMessage.payload["to"].astext)
        .where(other.status == MessageStatus.SENDING, other.due_at > now, other.due_at <= lease_ends_at)
    )


def deliver(message: Message) -> Fault | None:
    """Send a message that was taken, and mark it. What stood in the way, if something did."""
    if message.unanswered > MAX_UNANSWERED:  # it took its workers down with it
        _finish(message, MessageStatus.DEAD, "Given up: the worker stopped each time while it sent this.")
        return None
    try:
        return _send(message)
    finally:
        db.session.rollback()  # a sender reads through the session; it leaves nothing open


def _send(message: Message) -> Fault | None:
    try:
        senders()[message.kind](message)
    except Dropped as reason:
        _drop(message, str(reason))
    except PermanentFailure as error:
        _finish(message, MessageStatus.DEAD, str(error), fault=error.fault)
    except MayHaveBeenSent as error:
        _leave_unsure(message, error)
    except TemporaryFailure as error:
        _tell_once(message, error)
        _try_again_later(message, str(error), wait=error.wait, fault=error.fault)
        return error.fault
    except Exception as error:  # a bug, or a database that is away; its text may hold what is nobody's business
        current_app.logger.exception("message %s cannot be sent", message.id)
        _try_again_later(message, f"HMS itself failed ({type(error).__name__}).")
    else:
        ours.is_over(message.kind)
        _finish(message, MessageStatus.SENT, None)
    return None


def _tell_once(message: Message, error: TemporaryFailure) -> None:
    """Say in the log that our own settings are wrong, once for all messages that wait for that."""
    if error.fault == Fault.OURS and ours.is_news(message.kind, str(error)):
        current_app.logger.error("messages of kind %s wait for our own settings: %s", message.kind, error)


def _drop(message: Message, reason: str) -> None:
    """Leave it, as it no longer holds; if an earlier attempt may have sent it, nobody says that it was not."""
    if message.may_have_left:
        error = f"It may have been sent before this: {reason}"
        return _finish(message, MessageStatus.SENT, error, fault=Fault.UNSURE)
    return _finish(message, MessageStatus.DROPPED, reason)


def _leave_unsure(message: Message, error: MayHaveBeenSent) -> None:
    """Try it once more after a while. Once that was done, it counts as sent, and staff read that this is not sure."""
    if error.retryable and message.fault != Fault.UNSURE:
        return _try_again_later(message, str(error), wait=UNSURE_WAIT, fault=Fault.UNSURE)
    return _finish(message, MessageStatus.SENT, str(error), fault=Fault.UNSURE)


def _try_again_later(
    message: Message, error: str, *, wait: timedelta = timedelta(), fault: Fault = Fault.LATER
) -> None:
    now = clock.now()
    if is_over(attempt=message.attempt, first_tried_at=message.first_tried_at, now=now):
        _finish(message, MessageStatus.DEAD, error, fault=fault)
        return
    due_at = now + max(wait, wait_after(message.attempt))
    # Once it may have left, that stays true whatever the next attempt runs into.
    fault = Fault.UNSURE if message.may_have_left else fault
    _mark(message, status=MessageStatus.PENDING, due_at=due_at, error=error, fault=fault)


def _finish(message: Message, status: MessageStatus, error: str | None, *, fault: Fault | None = None) -> None:
    now = clock.now()
    _mark(message, status=status, due_at=now, error=error, fault=fault, finished_at=now)
    level = "warning" if status == MessageStatus.DEAD else "info"
    name = type_of(message.payload, kind=message.kind)
    getattr(current_app.logger, level)("message %s (%s): %s", message.id, name, status)


def _mark(
    message: Message,
    *,
    status: MessageStatus,
    due_at: datetime,
    error: str | None,
    fault: Fault | None,
    finished_at: datetime | None = None,
) -> None:
    """Write what became of it, unless another worker has taken it over meanwhile."""
    error = (error or "")[:500] or None
    mark = {"marked": status, "due": due_at, "error": error, "its_fault": fault, "finished": finished_at}
    for pause in MARK_AGAIN_AFTER_SECONDS:
        try:
            return _write(message, mark)
        except (DBAPIError, PoolTimeout):  # away, or all connections of this process are in use
            current_app.logger.warning("message %s cannot be marked %s, trying again", message.id, status)
            time.sleep(pause)
    return _write(message, mark)


MARK = Prepared(
    update(OutboxMessage)
    .where(
        OutboxMessage.id == bindparam("message_id"),
        OutboxMessage.attempts == bindparam("attempt"),
        OutboxMessage.status == MessageStatus.SENDING,
    )
    .values(
        status=bindparam("marked"),
        due_at=bindparam("due"),
        last_error=bindparam("error"),
        fault=bindparam("its_fault"),
        unanswered=0,
        finished_at=bindparam("finished"),
    )
)


def _write(message: Message, mark: Mapping[str, Any]) -> None:
    db.session.rollback()
    with transaction():
        MARK.all(message_id=message.id, attempt=message.attempt, **mark)


def send_again(message_id: UUID) -> bool:
    """Try a dead message for three days more, from now on. Whether there was such a dead message."""
    with transaction() as session:
        changed = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.status == MessageStatus.DEAD)
            .values(
                status=MessageStatus.PENDING,
                attempts=0,
                unanswered=0,
                first_tried_at=None,
                due_at=clock.now(),
                finished_at=None,
            )
        )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
