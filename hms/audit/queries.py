"""Reading the log, newest first, a page at a time: each page begins where the one before ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from hms import clock
from hms.audit.models import AuditEvent
from hms.db import db

IN_PARTS = 1000


@dataclass(frozen=True)
class Wanted:
    """Which events are asked for; what is None or empty does not matter."""

    about: frozenset[UUID] | None = None  # who acted, whose data or what it was: one of these
    patient_id: UUID | None = None
    not_by: UUID | None = None  # an account
    actions: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The WHERE of it."""
        if self.about is not None:
            columns = (AuditEvent.actor_id, AuditEvent.subject_id, AuditEvent.patient_id)
            yield or_(*(column.in_(self.about) for column in columns))
        if self.patient_id:
            yield AuditEvent.patient_id == self.patient_id
        if self.not_by:
            yield AuditEvent.actor_id.is_distinct_from(self.not_by)
        if self.actions:
            yield AuditEvent.action.in_(self.actions)
        if self.since:
            yield AuditEvent.at >= self.since
        if self.until:
            yield AuditEvent.at < self.until


def list_events(wanted: Wanted, *, limit: int, before: int | None = None) -> Sequence[AuditEvent]:
    """The latest events, or the next ones before the one with the id ``before``."""
    statement = _latest(wanted).limit(limit)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    return db.session.scalars(statement).all()


def every_event(wanted: Wanted) -> Iterator[AuditEvent]:
    """All of them, the latest first, read in parts."""
    before: int | None = None
    while some := list_events(wanted, limit=IN_PARTS, before=before):
        yield from some
        before = some[-1].id


def count_lately(action: str, *, within: timedelta) -> int:
    """How often something was done lately."""
    lately = AuditEvent.at > clock.now() - within
    return db.session.scalar(select(func.count()).where(AuditEvent.action == action, lately)) or 0


def _latest(wanted: Wanted) -> Select[AuditEvent]:
    return select(AuditEvent).where(*wanted.conditions()).order_by(AuditEvent.id.desc())
