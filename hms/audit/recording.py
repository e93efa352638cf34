"""Recording what happens, in the transaction of what happens: either both are stored or neither is."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.types import String

from hms import clock
from hms.audit import actors
from hms.audit.actions import Detail, checked
from hms.audit.actors import Person, Source
from hms.db import last_writes, transaction
from hms.prepared import Prepared

COLUMNS = {
    "at": "timestamptz",
    "actor_kind": "text",
    "actor_id": "uuid",
    "actor_role": "text",
    "os_user": "text",
    "action": "text",
    "subject_kind": "text",
    "subject_id": "uuid",
    "patient_id": "uuid",
    "endpoint": "text",
    "request_id": "text",
    "address_prefix": "text",
    "details": "jsonb",
}
INSERT = Prepared(
    text(f"""
        WITH made AS (
            INSERT INTO audit_events ({", ".join(COLUMNS)})
            SELECT {", ".join(COLUMNS)}
            FROM jsonb_to_recordset(CAST(:events AS jsonb))
                AS given ({", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())})
            RETURNING id
        )
        INSERT INTO audit_unsealed (event_id) SELECT id FROM made
    """).bindparams(bindparam("events", type_=String(), required=True))  # noqa: S608  # our own names
)
"""Any number of events by one statement, whose text is always the same. Each also waits to be sealed."""


class Events:
    """The events of one transaction, written when all else of it has been."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.is_written = False

    def __call__(self) -> None:
        """Write them."""
        self.is_written = True
        write(self.rows)


def record(
    action: str,
    *,
    subject: tuple[str, UUID | None] | None = None,
    patient_id: UUID | None = None,
    by: Person | None = None,
    **details: Detail,
) -> None:
    """Note in the current transaction that whoever acts now did ``action`` (one of ``ACTIONS``).

    ``subject`` is what it was done to: a kind (one of ``SUBJECTS``) and the id. ``patient_id`` is the patient whose
    data it concerns, so that they can read of it. ``by`` is who acts where that is not whoever is signed in.
    ``details`` are codes, numbers and ids under the names of ``DETAILS``; what has no value is left out.

    Raises ``ValueError`` for what the log must not say, ``RuntimeError`` outside of a transaction.
    """
    kind, subject_id = subject or (None, None)
    events = _of_this_transaction()
    events.rows.append(
        row(
            action,
            actors.current(by),
            subject_kind=kind,
            subject_id=subject_id,
            patient_id=patient_id,
            details=checked(action, kind, details),
        )
    )


def note_command() -> None:
    """Note that somebody runs a command; what it changes is told of by whatever it calls."""
    with transaction():
        record("command")


def row(action: str, source: Source, **values: Any) -> dict[str, Any]:
    """An event as :func:`write` takes it."""
    who = source._asdict()
    return {
        "at": clock.now(),
        "actor_kind": who.pop("kind"),
        "actor_id": who.pop("id"),
        "actor_role": who.pop("role"),
        **who,
        "action": action,
        **values,
    }


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Write events by one statement, in the current transaction."""
    if rows:
        INSERT.all(events=json.dumps(rows, default=str))


def _of_this_transaction() -> Events:
    writes = last_writes()
    for waiting in writes:
        if isinstance(waiting, Events) and not waiting.is_written:
            return waiting
    events = Events()
    writes.append(events)
    return events
