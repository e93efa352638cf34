"""The tables of the audit log. Rows are added and, after years, removed by whole batches; nothing changes one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hms.db import Model


class AuditEvent(Model):
    """One thing that happened: who did what to whose, when and from where. No names, no free text, no secrets."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_actor_id", "actor_id", "id", postgresql_where=text("actor_id IS NOT NULL")),
        Index("ix_audit_events_patient_id", "patient_id", "id", postgresql_where=text("patient_id IS NOT NULL")),
        Index("ix_audit_events_subject_id", "subject_id", "id", postgresql_where=text("subject_id IS NOT NULL")),
        Index("ix_audit_events_action", "action", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(12))  # person, visitor, cli or system
    actor_id: Mapped[UUID | None]  # the account of a person
    actor_role: Mapped[str | None] = mapped_column(String(20))
    os_user: Mapped[str | None] = mapped_column(String(64))  # whoever typed a command
    action: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str | None] = mapped_column(String(20))
    subject_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]  # whose data it was
    endpoint: Mapped[str | None] = mapped_column(String(80))  # the page, or the command
    request_id: Mapped[str | None] = mapped_column(String(32))
    address_prefix: Mapped[str | None] = mapped_column(String(50))  # /24 or /64: where from, not which device
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class UnsealedEvent(Model):
    """An event that stands in no batch yet. It is written with the event, and taken away when the batch is sealed."""

    __tablename__ = "audit_unsealed"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class AuditBatch(Model):
    """A number of events under one seal, which also covers the seal of the batch before."""

    __tablename__ = "audit_batches"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sealed_at: Mapped[datetime]
    event_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    seal: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditMark(Model):
    """The two ends of the chain, each under a seal of its own: ``head`` is the last batch, ``anchor`` the last one that
    was removed."""

    __tablename__ = "audit_marks"

    name: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    batch_seal: Mapped[bytes] = mapped_column(LargeBinary(32))
    seal: Mapped[bytes] = mapped_column(LargeBinary(32))
