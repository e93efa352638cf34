"""What can be seen of the messages."""

from uuid import UUID

from sqlalchemy import select

from hms.db import db
from hms.outbox.models import OutboxMessage


def timeline(subject_id: UUID) -> list[OutboxMessage]:
    """The messages about one thing, in the order in which they were promised."""
    statement = select(OutboxMessage).where(OutboxMessage.subject_id == subject_id)
    return list(db.session.scalars(statement.order_by(OutboxMessage.created_at, OutboxMessage.id)))


def list_messages(*, status: str | None = None, most: int = 50) -> list[OutboxMessage]:
    """The latest messages, newest first; of one status if one is named."""
    statement = select(OutboxMessage).order_by(OutboxMessage.created_at.desc()).limit(most)
    if status:
        statement = statement.where(OutboxMessage.status == status)
    return list(db.session.scalars(statement))
