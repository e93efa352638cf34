"""Queueing a message: a row in the transaction of the change that it reports."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    Select,
    String,
    Uuid,
    bindparam,
    column,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.types import TypeEngine

from hms import clock
from hms.db import last_writes, new_id
from hms.outbox.models import OutboxMessage
from hms.prepared import Prepared


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


class Lookup(NamedTuple):
    """Messages of one kind that are only stored if they are found, put together once for all transactions.

    ``found`` selects an ``id``, ``payload`` (JSONB), ``dedup_key`` and ``subject_id`` for each, from the rows that it
    is given as one parameter (a JSON array of objects) under the name ``rows``.
    """

    kind: str
    rows: str
    found: Select[Any]


def enqueue_if_found(lookup: Lookup, row: dict[str, Any]) -> None:
    """Store the messages that ``lookup`` finds for ``row`` with the current transaction; no statement more is sent.

    They are looked up in the statement that writes all messages of the transaction, and are due at once.
    """
    _batch().lookups.setdefault(lookup, []).append(row)


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
        self.lookups: dict[Lookup, list[dict[str, Any]]] = {}

    def __call__(self) -> None:
        if not self.lookups:
            WRITE_GIVEN.all(rows=self.rows)
            return
        looked_up = {lookup.rows: rows for lookup, rows in self.lookups.items()}
        _write_with(tuple(self.lookups)).all(rows=self.rows, now=clock.now(), **looked_up)


@lru_cache
def _write_with(lookups: tuple[Lookup, ...]) -> Prepared:
    return _writing(union_all(GIVEN, *map(_looked_up, lookups)))


def _looked_up(lookup: Lookup) -> Select[Any]:
    found, now = lookup.found.subquery().c, bindparam("now", type_=DateTime(timezone=True))
    known: dict[str, ColumnElement[Any]] = {"kind": literal(lookup.kind, String()), "due_at": now, "created_at": now}
    return select(*[known[name] if name in known else found[name] for name in COLUMNS])


def _given() -> Select[Any]:
    """Any number of messages as one parameter, so that the statement is the same for all numbers."""
    columns = [column(name, of) for name, of in COLUMNS.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    return select(*rows.table_valued(*columns, name="given").render_derived(with_types=True).c)


def _writing(messages: Select[Any] | CompoundSelect[Any]) -> Prepared:
    inserted = insert(OutboxMessage).from_select(list(COLUMNS), messages)
    return Prepared(inserted.on_conflict_do_nothing(index_elements=["dedup_key"]))


GIVEN = _given()
WRITE_GIVEN = _writing(GIVEN)


def _batch() -> _Batch:
    waiting = last_writes()
    batch = next((write for write in waiting if isinstance(write, _Batch)), None)
    if batch is None:
        batch = _Batch()
        waiting.append(batch)
    return batch
