"""Promising a message: a row in the transaction of what it tells of."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    DateTime,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    column,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.types import TypeEngine

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
            "id": str(new_id()),
            "kind": kind,
            "payload": payload,
            "dedup_key": dedup_key,
            "subject_id": str(subject_id) if subject_id else None,
            "due_at": (due_at or now).isoformat(),
            "created_at": now.isoformat(),
        }
    )


def enqueue_if_found(kind: str, found: Select[Any], *, subject_id: UUID | None = None) -> None:
    """Store a message with the current transaction if ``found`` finds somebody to tell; no statement more is sent.

    ``found`` selects at most one row of two columns: the payload (JSONB) and the ``dedup_key``. It is looked up in
    the statement that writes all messages of the transaction.
    """
    now = clock.now()
    given = {"id": new_id(), "kind": kind, "subject_id": subject_id, "due_at": now, "created_at": now}
    looked_up = dict(zip(("payload", "dedup_key"), found.subquery().c, strict=True))
    columns = [looked_up[name] if name in looked_up else literal(given[name], of) for name, of in COLUMNS.items()]
    _batch().finds.append(select(*columns))


COLUMNS: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "kind": String(),
    "payload": JSONB(),
    "dedup_key": String(),
    "subject_id": Uuid(),
    "due_at": DateTime(timezone=True),
    "created_at": DateTime(timezone=True),
}
"""What is stored of a new message; everything else begins with its default."""


class _Batch:
    """The messages that the current transaction has to write: given, or to be looked up."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.finds: list[Select[Any]] = []

    def __call__(self) -> None:
        statement = _writing(union_all(GIVEN, *self.finds)) if self.finds else WRITE_GIVEN
        db.session.execute(statement, {"rows": self.rows})


def _given() -> Select[Any]:
    """Any number of messages as one parameter, so that the statement is the same for all numbers."""
    columns = [column(name, of) for name, of in COLUMNS.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    return select(*rows.table_valued(*columns, name="given").render_derived(with_types=True).c)


def _writing(messages: Select[Any] | CompoundSelect[Any]) -> Insert:
    # The table, not its class: the session would take the rows for objects to keep.
    inserted = insert(cast(Table, OutboxMessage.__table__)).from_select(list(COLUMNS), messages)
    return inserted.on_conflict_do_nothing(index_elements=["dedup_key"])


GIVEN = _given()
WRITE_GIVEN = _writing(GIVEN)
"""Put together once: that takes longer than to run it."""


def _batch() -> _Batch:
    waiting = last_writes()
    batch = next((write for write in waiting if isinstance(write, _Batch)), None)
    if batch is None:
        batch = _Batch()
        waiting.append(batch)
    return batch
