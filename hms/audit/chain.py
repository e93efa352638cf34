"""The seals: what a batch says, and that nobody could have written it without the key.

A seal is an HMAC-SHA256 (RFC 2104) under ``HMS_AUDIT_KEY`` over the batch's number, the seal before it, when it was
sealed and every column of its events. The two ends of the chain have seals of their own, over another first word, so
that none can stand in for another.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Row, select

from hms.audit.models import AuditEvent
from hms.db import db

NOTHING_BEFORE = b""
COLUMNS = tuple(AuditEvent.__table__.columns)


def seal_of(number: int, *, before: bytes, sealed_at: datetime, events: Iterable[Sequence[Any]]) -> bytes:
    """The seal of a batch that comes after the one with the seal ``before``."""
    lines = [[_plain(value) for value in event] for event in events]
    return _keyed(["batch", number, before.hex(), _plain(sealed_at), lines])


def mark_of(name: str, number: int, batch_seal: bytes) -> bytes:
    """The seal of one end of the chain."""
    return _keyed([name, number, batch_seal.hex()])


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two seals are equal."""
    return hmac.compare_digest(one, other)


def read(event_ids: Sequence[int]) -> list[Row[Any]]:
    """All columns of these events, as far as they are there, in the order of their ids."""
    rows = select(*COLUMNS).where(AuditEvent.id.in_(event_ids)).order_by(AuditEvent.id)
    return list(db.session.execute(rows))


def _keyed(what: list[Any]) -> bytes:
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    return hmac.digest(current_app.config["AUDIT_KEY"].encode(), text.encode(), hashlib.sha256)


def _plain(value: Any) -> Any:
    """A value as it is sealed, whatever zone the connection shows moments in."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000_000)
    return value if value is None or isinstance(value, int | str | dict) else str(value)
