"""Messages to the outside world, stored in the same transaction as what they tell of.

Nothing leaves the house from inside a transaction: a row here is the promise that it will. ``dedup_key`` makes one
message out of any number of attempts to write it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from hms import clock
from hms.db import db, last_writes, new_id


class OutboxMessage(db.Model):
    """One message of one ``kind`` (``email``, later ``calendar``) with everything its sender needs."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'sending', 'sent', 'dropped', 'dead')", name="status"),
        Index("ix_outbox_messages_due", "due_at", postgresql_where=text("status IN ('pending', 'sending')")),
        Index("ix_outbox_messages_subject_id", "subject_id", postgresql_where=text("subject_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    subject_id: Mapped[UUID | None]  # what the message is about (an appointment, a user), for its timeline
    status: Mapped[str] = mapped_column(String(20), default="pending", server_default="pending")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def enqueue(
    kind: str,
    payload: dict[str, Any],
    *,
    dedup_key: str,
    subject_id: UUID | None = None,
    due_at: datetime | None = None,
) -> None:
    """Store a message with the current transaction; the same ``dedup_key`` again changes nothing.

    All messages of a transaction are written by one statement, just before it commits.
    """
    now = clock.now()
    row = {
        "id": new_id(),
        "kind": kind,
        "payload": payload,
        "dedup_key": dedup_key,
        "subject_id": subject_id,
        "due_at": due_at or now,
        "created_at": now,
    }
    _batch().rows.append(row)


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
