"""Drafts: what was typed into a form that came after its session had ended, sealed for the browser that sent it."""

from datetime import timedelta

from sqlalchemy import delete

from hms import clock
from hms.auth.models import SealedDraft
from hms.db import transaction

LASTS = timedelta(hours=1)


def keep_draft(id_hash: bytes, sealed: bytes, *, replaces: bytes) -> None:
    """Keep a sealed draft for an hour, and forget the one that the browser had before."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(SealedDraft).where(SealedDraft.id_hash == replaces))
        session.add(SealedDraft(id_hash=id_hash, sealed=sealed, expires_at=now + LASTS))


def discard_draft(id_hash: bytes) -> None:
    """Forget a draft; one that is gone already is gone."""
    with transaction() as session:
        session.execute(delete(SealedDraft).where(SealedDraft.id_hash == id_hash))


def delete_old_drafts() -> int:
    """Forget the drafts whose hour is over; how many they were."""
    with transaction() as session:
        gone = session.execute(delete(SealedDraft).where(SealedDraft.expires_at <= clock.now()))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE answers a CursorResult
