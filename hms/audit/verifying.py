"""Finding what was tampered with: every seal is made anew from what stands in the database, and compared."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from hms import clock
from hms.audit import chain
from hms.audit.models import AuditBatch, AuditEvent, AuditMark, UnsealedEvent
from hms.db import db

OVERDUE = timedelta(minutes=15)
"""How long an event waits for its seal at most while a worker runs."""

MOST = 100
"""How many faults are told of; who tampers with much is found by the first."""


class Verdict(NamedTuple):
    """What was found: the faults as sentences, how many events are sealed and how many wait, and the end of the chain
    as ``number:seal``, to be kept elsewhere.
    """

    faults: list[str]
    sealed: int
    waiting: int
    head: str


def verify(*, head: str = "") -> Verdict:
    """Check the whole log. ``head`` is the end of the chain as it was noted elsewhere once: it must still be part of
    it, which shows that no older copy of the database was put in place.
    """
    faults: list[str] = []
    seals = _check_batches(faults)
    number = max(seals, default=0)
    faults += _check_head(number, seals.get(number, chain.NOTHING_BEFORE))
    faults += _check_strays()
    if head:
        faults += _check_noted(head, seals)
    return Verdict(faults[:MOST], _count_sealed(), _count_waiting(), f"{number}:{seals.get(number, b'').hex()}")


def _check_batches(faults: list[str]) -> dict[int, bytes]:
    """The seals by number, the anchor's too; what does not fit is added to ``faults``."""
    expected, before = _anchor(faults)
    seals = {expected: before} if expected else {}
    last_number = 0
    while batch := _next_batch(last_number):
        last_number, expected = batch.number, expected + 1
        if batch.number != expected:
            faults.append(f"Batches are missing between {expected - 1} and {batch.number}.")
            expected = batch.number
        faults += _check_batch(batch, before)
        before = seals[batch.number] = batch.seal
    return seals


def _next_batch(after: int) -> AuditBatch | None:
    db.session.expunge_all()
    following = select(AuditBatch).where(AuditBatch.number > after).order_by(AuditBatch.number).limit(1)
    return db.session.scalar(following)


def _check_batch(batch: AuditBatch, before: bytes) -> Iterator[str]:
    events = chain.read(batch.event_ids)
    missing = len(set(batch.event_ids)) - len(events)
    if missing:
        yield f"Batch {batch.number}: {missing} of its events are missing."
    seal = chain.seal_of(batch.number, before=before, sealed_at=batch.sealed_at, events=events)
    if not chain.is_same(seal, batch.seal) and not missing:
        yield f"Batch {batch.number}: its events, or the batch before it, are not as they were sealed."


def _anchor(faults: list[str]) -> tuple[int, bytes]:
    """Where the chain begins: after what was removed in its time."""
    anchor = _find_mark("anchor")
    if anchor is None:
        return 0, chain.NOTHING_BEFORE
    if not chain.is_same(chain.mark_of("anchor", anchor.number, anchor.batch_seal), anchor.seal):
        faults.append("The beginning of the chain is not as it was sealed.")
    return anchor.number, anchor.batch_seal


def _check_head(number: int, seal: bytes) -> Iterator[str]:
    head = _find_mark("head")
    if head is None:
        if number:
            yield "The end of the chain is not marked."
        return
    if not chain.is_same(chain.mark_of("head", head.number, head.batch_seal), head.seal):
        yield "The mark at the end of the chain is not as it was sealed."
    if (head.number, head.batch_seal) != (number, seal):
        yield f"The chain ends at batch {number}, but was sealed up to batch {head.number}."


def _check_strays() -> Iterator[str]:
    """Events that stand in no batch and do not wait for one, and those that wait too long or are gone."""
    sealed = select(func.unnest(AuditBatch.event_ids).label("id")).subquery()
    strays = (
        select(func.count())
        .select_from(AuditEvent)
        .outerjoin(sealed, sealed.c.id == AuditEvent.id)
        .outerjoin(UnsealedEvent, UnsealedEvent.event_id == AuditEvent.id)
        .where(sealed.c.id.is_(None), UnsealedEvent.event_id.is_(None))
    )
    if number := db.session.scalar(strays):
        yield f"{number} events were added past the log: they stand in no batch and wait for none."
    is_old = AuditEvent.at < clock.now() - OVERDUE
    overdue = select(func.count()).select_from(UnsealedEvent).join(AuditEvent, AuditEvent.id == UnsealedEvent.event_id)
    if number := db.session.scalar(overdue.where(is_old)):
        yield f"{number} events have waited for their seal for more than 15 minutes. Does a worker run?"
    gone = select(func.count()).select_from(UnsealedEvent).where(UnsealedEvent.event_id.not_in(select(AuditEvent.id)))
    if number := db.session.scalar(gone):
        yield f"{number} events are gone that waited for their seal."


def _check_noted(head: str, seals: dict[int, bytes]) -> Iterator[str]:
    number, _, seal = head.partition(":")
    known = seals.get(int(number)) if number.isdigit() else None
    if known is None or known.hex() != seal:
        yield f"Batch {number} is not the one that was noted: is this an older copy of the database?"


def _find_mark(name: str) -> AuditMark | None:
    return db.session.get(AuditMark, name, populate_existing=True)


def _count_sealed() -> int:
    return db.session.scalar(select(func.coalesce(func.sum(func.cardinality(AuditBatch.event_ids)), 0))) or 0


def _count_waiting() -> int:
    return db.session.scalar(select(func.count()).select_from(UnsealedEvent)) or 0
