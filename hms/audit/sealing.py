"""Sealing what was written since, and removing what is older than it has to be kept: a worker's jobs."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import clock
from hms.audit import chain
from hms.audit.models import AuditBatch, AuditMark, UnsealedEvent
from hms.audit.recording import record
from hms.db import transaction

SEAL_SECONDS = 15
REMOVE_SECONDS = 24 * 60 * 60
MOST = 1000
"""How many events a batch holds at most."""

TURN = 7_417_001
"""The advisory lock of whoever seals or removes: one at a time, and nobody who only writes waits for it."""


def seal() -> int:
    """Seal all events that wait, a batch in each transaction; how many."""
    sealed = 0
    while number := _seal_some():
        sealed += number
        if number < MOST:
            break
    return sealed


def _seal_some() -> int:
    waiting = select(UnsealedEvent.event_id).order_by(UnsealedEvent.event_id).limit(MOST)
    with transaction() as session:
        _take_turn(session)
        event_ids = list(session.scalars(waiting))
        if event_ids:
            _add(session, event_ids)
            session.execute(delete(UnsealedEvent).where(UnsealedEvent.event_id.in_(event_ids)))
    return len(event_ids)


def _add(session: Session, event_ids: list[int]) -> None:
    number, before = _end(session)
    sealed_at = clock.now()
    seal = chain.seal_of(number + 1, before=before, sealed_at=sealed_at, events=chain.read(event_ids))
    session.add(AuditBatch(number=number + 1, sealed_at=sealed_at, event_ids=event_ids, seal=seal))
    session.flush()
    put_mark(session, "head", number + 1, seal)


def _end(session: Session) -> tuple[int, bytes]:
    """Number and seal of the last batch, which may have been removed by now; nothing before the first."""
    last = session.scalar(select(AuditBatch).order_by(AuditBatch.number.desc()).limit(1))
    if last is not None:
        return last.number, last.seal
    anchor = session.get(AuditMark, "anchor", populate_existing=True)
    return (anchor.number, anchor.batch_seal) if anchor else (0, chain.NOTHING_BEFORE)


def put_mark(session: Session, name: str, number: int, batch_seal: bytes) -> None:
    """Say where the chain ends, or begins after what was removed."""
    values = {"number": number, "batch_seal": batch_seal, "seal": chain.mark_of(name, number, batch_seal)}
    row = insert(AuditMark).values(name=name, **values)
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


def remove_old() -> int:
    """Remove the batches that were sealed longer ago than ``HMS_AUDIT_YEARS``, and leave an anchor that the rest hangs
    on; how many events went. The last batch stays, whatever its age.
    """
    before = clock.now() - timedelta(days=365.25 * current_app.config["AUDIT_YEARS"])
    old = select(AuditBatch.number, AuditBatch.seal).where(AuditBatch.sealed_at < before)
    last = select(func.max(AuditBatch.number)).scalar_subquery()
    with transaction() as session:
        _take_turn(session)
        end = session.execute(old.where(AuditBatch.number < last).order_by(AuditBatch.number.desc()).limit(1)).first()
        if end is None:
            return 0
        put_mark(session, "anchor", end.number, end.seal)
        removed = session.scalar(select(func.audit_remove_through(end.number))) or 0
        record("audit-removed", number=end.number, count=removed)
    return removed


def _take_turn(session: Session) -> None:
    session.execute(select(func.pg_advisory_xact_lock(TURN)))
