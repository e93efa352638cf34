"""The log as CSV (RFC 4180), which no program that opens it takes for formulas."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from hms.audit.models import AuditEvent

BOM = "\ufeff"
HEADER = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_role",
    "os_user",
    "action",
    "subject_kind",
    "subject_id",
    "patient_id",
    "endpoint",
    "request_id",
    "address_prefix",
    "details",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # full-width signs count as well


def lines(events: Iterable[AuditEvent], *, names: Mapping[UUID, str] | None = None) -> Iterator[str]:
    """The header, then a line for each event; ``names`` are those of the people who acted, as far as known."""
    yield BOM + _line(HEADER)
    for event in events:
        yield _line([_cell(event, column, names or {}) for column in HEADER])


def _cell(event: AuditEvent, column: str, names: Mapping[UUID, str]) -> str:
    if column == "actor_name":
        return _harmless(_name(event, names))
    if column == "at":
        return event.at.isoformat()
    if column == "details":
        return json.dumps(event.details, sort_keys=True) if event.details else ""
    value = getattr(event, column)
    return "" if value is None else _harmless(str(value))


def _name(event: AuditEvent, names: Mapping[UUID, str]) -> str:
    """Patients have no name in a file that leaves the house: their ids do."""
    return names.get(event.actor_id, "") if event.actor_id and event.actor_role != "patient" else ""


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
