"""Promising a message: a row in the transaction of what it tells of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from hms import clock
from hms.db import db, last_writes, new_id
from hms.outbox.models import OutboxMessage


def enqueue(
    kind: str,
    payload: dict[str, Any],
    *,
    dedup_key: str,
    subject_id: UUID | None = None,
    due_at: datetime | None = None,
) -> None:
    """Store a message with the current transaction; the same ``dedup_key`` again changes nothing.

    It is sent from ``due_at`` on, by default at once. All messages of a transaction are written by one statement,
    just before it commits.
    """
    now = clock.now()
    _batch().rows.append(
        {
            "id": new_id(),
            "kind": kind,
            "payload": payload,
            "dedup_key": dedup_key,
            "subject_id": subject_id,
            "due_at": due_at or now,
            "created_at": now,
        }
    )


class _Batch:
    """The messages that the current transaction has to write."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def __call__(self) -> None:
        db.session.execute(insert(OutboxMessage).values(self.rows).on_conflict_do_nothing(index_elements=["dedup_key"]))


def _batch() -> _Batch:
    waiting = last_writes()
    batch = next((write for write in waiting if isinstance(write, _Batch)), None)
    if batch is None:
        batch = _Batch()
        waiting.append(batch)
    return batch
