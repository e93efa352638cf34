"""Removing what was sent long ago."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Delete, delete, exists, or_, select
from sqlalchemy.orm import aliased

from hms import clock
from hms.db import transaction
from hms.outbox.models import MessageStatus, OutboxMessage

KEPT_FOR = timedelta(days=90)
BATCH, MAX_BATCHES = 1000, 200
DONE = (MessageStatus.SENT, MessageStatus.DROPPED)

TIDY_SECONDS = 24 * 60 * 60


def remove_old() -> int:
    """Remove what was sent or dropped 90 days ago or earlier; how many.

    All messages about one thing go together, 90 days after the last of them: the timeline of an appointment is either
    whole or not there. What was given up stays until somebody looks after it. Written in batches, each a transaction
    of its own; what is left after 200 of them waits for the next night.
    """
    removed = 0
    for _ in range(MAX_BATCHES):
        with transaction() as session:
            batch = session.execute(_some()).rowcount  # type: ignore[attr-defined]  # a DELETE's result has it
        removed += batch
        if batch < BATCH:
            break
    return removed


def _some() -> Delete:
    ids = select(OutboxMessage.id).where(OutboxMessage.status.in_(DONE), _is_old(OutboxMessage), ~_has_younger())
    some = ids.order_by(OutboxMessage.finished_at).limit(BATCH).with_for_update(skip_locked=True).scalar_subquery()
    return delete(OutboxMessage).where(OutboxMessage.id.in_(some)).execution_options(synchronize_session=False)


def _is_old(message: type[OutboxMessage]) -> ColumnElement[bool]:
    return message.finished_at < clock.now() - KEPT_FOR


def _has_younger() -> ColumnElement[bool]:
    """Whether something about the same thing is not yet done, or was done less than 90 days ago."""
    other = aliased(OutboxMessage)
    is_younger = or_(other.finished_at.is_(None), other.finished_at >= clock.now() - KEPT_FOR)
    return exists().where(other.subject_id == OutboxMessage.subject_id, is_younger)
