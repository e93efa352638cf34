"""Undoes what a clock that ran ahead has written about messages, so that none is lost."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, update

from hms import clock
from hms.db import transaction
from hms.outbox.delivering import LEASE
from hms.outbox.models import Fault, MessageStatus, OutboxMessage
from hms.outbox.trouble import LONGEST_WAIT_SECONDS

LONGEST_WAIT = timedelta(seconds=1.2 * LONGEST_WAIT_SECONDS)
"""How long a message is put off at a time, whoever names the time."""

SOON = timedelta(hours=1)
"""What is queued for so short a time ahead is due relative to when it was queued; a reminder is due at its hour."""


def undo_marks_of_the_future() -> int:
    """Make messages due that are leased, put off or queued from a moment to come; how many were helped.

    What was dropped or given up at a moment to come is asked again: its sender decides anew whether it holds. What was
    sent then counts as sent now, so that a day's limit for a person ends after a day.
    """
    with transaction() as session:
        helped = [session.execute(statement.execution_options(synchronize_session=False)) for statement in _cures()]
    return sum(getattr(result, "rowcount", 0) for result in helped)


def _cures() -> list[Any]:
    now = clock.now()
    latest = now + clock.SLACK
    late = OutboxMessage.due_at - OutboxMessage.created_at
    queued_ahead = and_(_is(MessageStatus.PENDING), OutboxMessage.created_at > latest, late <= SOON)
    finished_ahead = and_(
        _is(MessageStatus.DROPPED, MessageStatus.DEAD),
        OutboxMessage.finished_at > latest,
        OutboxMessage.fault.is_distinct_from(Fault.UNSURE),  # it may have been sent: that was not the clock's doing
    )
    sent_ahead = and_(_is(MessageStatus.SENT), OutboxMessage.finished_at > latest)
    put_off = or_(
        and_(_is(MessageStatus.SENDING), OutboxMessage.due_at > latest + LEASE),
        and_(_is(MessageStatus.PENDING), OutboxMessage.attempts > 0, OutboxMessage.due_at > latest + LONGEST_WAIT),
    )
    again = {"status": MessageStatus.PENDING, "attempts": 0, "unanswered": 0, "due_at": now}
    nothing = dict.fromkeys(("last_error", "fault", "first_tried_at", "finished_at"))
    return [
        update(OutboxMessage).where(queued_ahead).values(created_at=now, due_at=now + late),
        update(OutboxMessage).where(put_off).values(due_at=now),
        update(OutboxMessage).where(finished_ahead).values(again | nothing),
        update(OutboxMessage).where(sent_ahead).values(finished_at=now),
        update(OutboxMessage).where(OutboxMessage.first_tried_at > latest).values(first_tried_at=now),
    ]


def _is(*statuses: MessageStatus) -> ColumnElement[bool]:
    return OutboxMessage.status.in_(statuses)
