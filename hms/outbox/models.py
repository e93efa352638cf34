"""One message to the outside world, and where it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hms.db import Model, new_id


class Fault(StrEnum):
    """Whose fault it is that a message is not where it belongs."""

    OURS = "ours"  # our own settings: somebody here has to act
    SERVER = "server"  # the other side does not answer, or is not ready, for anybody
    LATER = "later"  # the other side asks to try this one again later
    LIMIT = "limit"  # our own limit for each person and day
    RECIPIENT = "recipient"  # the address does not take it
    MESSAGE = "message"  # the message itself cannot be sent as it is
    UNSURE = "unsure"  # it may have been sent: the answer was lost
    BOUNCED = "bounced"  # it was sent, and came back


class MessageStatus(StrEnum):
    """Where a message stands."""

    PENDING = "pending"  # waits for ``due_at``
    SENDING = "sending"  # a worker has it until ``due_at``; after that, any worker may take it over
    SENT = "sent"
    DROPPED = "dropped"  # what it would have told no longer holds
    DEAD = "dead"  # given up: an administrator can send it again


def type_of(payload: object, *, kind: str) -> str:
    """The type that a payload names (``BOOKING_CONFIRMATION``); the message's kind where it names none."""
    named = payload.get("type") if isinstance(payload, dict) else None
    return named if isinstance(named, str) else kind


class OutboxMessage(Model):
    """One message of one ``kind`` (``email``, ``google-calendar``) with everything its sender needs.

    ``attempts`` counts how often a worker has taken it. It is also the fence: a worker that was away longer than its
    lease finds another number here, and its mark is refused. ``unanswered`` counts the attempts in a row of which no
    worker said how they went: each may have sent the message. ``fault`` says why the last attempt failed.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'sending', 'sent', 'dropped', 'dead')", name="status"),
        Index("ix_outbox_messages_due", "due_at", postgresql_where=text("status IN ('pending', 'sending')")),
        Index("ix_outbox_messages_subject_id", "subject_id", postgresql_where=text("subject_id IS NOT NULL")),
        Index("ix_outbox_messages_finished_at", "finished_at", postgresql_where=text("status IN ('sent', 'dropped')")),
        Index(
            "ix_outbox_messages_fault",
            "kind",
            "status",
            "fault",
            "finished_at",
            postgresql_where=text("fault IS NOT NULL"),
        ),
        # How many mails a person got lately: the ``to`` of what the mailer stores.
        Index(
            "ix_outbox_messages_sent_to",
            text("(payload ->> 'to')"),
            "finished_at",
            postgresql_where=text("status = 'sent' AND kind = 'email'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    subject_id: Mapped[UUID | None]  # what the message is about (an appointment, a user), for its timeline
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(String(500))
    fault: Mapped[str | None] = mapped_column(String(20))
    unanswered: Mapped[int] = mapped_column(server_default="0")
    first_tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # when it was sent, dropped or given up
