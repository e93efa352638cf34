"""Queries about messages, for pages and commands."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, String, any_, bindparam, func, select

from hms.db import db
from hms.outbox.models import Fault, MessageStatus, OutboxMessage
from hms.prepared import Prepared


def timeline(subject_id: UUID) -> list[OutboxMessage]:
    """The messages about one thing, in the order in which they were queued."""
    statement = select(OutboxMessage).where(OutboxMessage.subject_id == subject_id)
    return list(db.session.scalars(statement.order_by(OutboxMessage.created_at, OutboxMessage.id)))


def list_messages(*, status: str | None = None, limit: int = 50) -> list[OutboxMessage]:
    """The latest messages, newest first; of one status if one is named."""
    statement = select(OutboxMessage).order_by(OutboxMessage.created_at.desc()).limit(limit)
    if status:
        statement = statement.where(OutboxMessage.status == status)
    return list(db.session.scalars(statement))


class Notified(NamedTuple):
    """What became of the messages about one thing to one person; all are False where there never were any."""

    ever_queued: bool
    being_sent: bool
    may_have_left: bool


def notified(subject_id: UUID, *, to: UUID, types: Collection[str]) -> Notified:
    """Whether a person was told of something by messages of these types."""
    named = OutboxMessage.payload
    messages = db.session.execute(
        select(OutboxMessage.status, OutboxMessage.fault).where(
            OutboxMessage.subject_id == subject_id, named["to"].astext == str(to), named["type"].astext.in_(types)
        )
    ).all()
    return Notified(
        ever_queued=bool(messages),
        being_sent=any(message.status == MessageStatus.SENDING for message in messages),
        may_have_left=any(
            message.status == MessageStatus.SENT or message.fault == Fault.UNSURE for message in messages
        ),
    )


def nth_latest(number: int, *, to: str, types: Collection[str], since: datetime) -> datetime | None:
    """When the mail was sent that is the n-th latest of these types to a person since a moment; None if it is fewer."""
    found = NTH_LATEST.first(place=number - 1, to=to, types=list(types), since=since)
    return found[0] if found else None


NTH_LATEST = Prepared(
    select(OutboxMessage.finished_at)
    .where(OutboxMessage.status == MessageStatus.SENT, OutboxMessage.kind == "email")
    .where(OutboxMessage.payload["to"].astext == bindparam("to", type_=String))
    .where(OutboxMessage.finished_at > bindparam("since"))
    .where(OutboxMessage.payload["type"].astext == any_(bindparam("types", type_=ARRAY(String))))
    .order_by(OutboxMessage.finished_at.desc())
    .offset(bindparam("place", type_=Integer))
    .limit(1)
)


class Trouble(NamedTuple):
    """How many messages of a kind wait, or were given up, for the same fault; one of their errors, and since when."""

    status: str
    fault: str
    number: int
    error: str
    since: datetime


def list_troubles(kind: str, *, given_up_since: datetime) -> list[Trouble]:
    """What keeps messages of a kind from leaving: those that wait after a failure, and those given up lately."""
    fault: ColumnElement[str] = func.coalesce(OutboxMessage.fault, "")
    error: ColumnElement[str] = func.coalesce(func.max(OutboxMessage.last_error), "")
    since = func.min(func.coalesce(OutboxMessage.first_tried_at, OutboxMessage.due_at))
    waits = OutboxMessage.status == MessageStatus.PENDING
    given_up = (OutboxMessage.status == MessageStatus.DEAD) & (OutboxMessage.finished_at >= given_up_since)
    statement = (
        select(OutboxMessage.status, fault, func.count(), error, since)
        .where(OutboxMessage.kind == kind, OutboxMessage.fault.isnot(None), waits | given_up)
        .group_by(OutboxMessage.status, fault)
        .order_by(OutboxMessage.status, fault)
    )
    return [Trouble(*row) for row in db.session.execute(statement)]
