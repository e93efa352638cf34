"""Pauses between mails that anybody can have us send to an address: each is longer than the one before.

They hold for an address whether it has an account or not, so that they tell nobody.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from hms import clock
from hms.auth.codes import keyed_hash
from hms.auth.models import MailPause
from hms.db import db, transaction

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
"""After the first mail, the second, and so on; the last one holds from then on."""

FORGOTTEN_AFTER = timedelta(days=1)
"""How long after the last mail the first pause counts again."""


class Kind(StrEnum):
    """What somebody asks for, or does."""

    CODE = "code"
    RESET = "reset"
    VERIFICATION = "verification"
    GRANT = "grant"
    CHANGE = "change"


def begin(kind: Kind, email: str) -> datetime | None:
    """None when the mail may be queued now, with the current transaction; otherwise the moment from which it may.

    Two who ask at once take turns.
    """
    now = clock.now()
    pause = _lock(_key(kind, email), now)
    if next_at := _end_of(pause, now):
        return next_at
    is_forgotten = now >= pause.last_sent_at + FORGOTTEN_AFTER
    pause.sent, pause.last_sent_at = 1 if is_forgotten else pause.sent + 1, now
    return None


def find_end(kind: Kind, email: str) -> datetime | None:
    """From when on such a mail may be asked for again; None when it may now."""
    pause = db.session.get(MailPause, _key(kind, email), populate_existing=True)
    return _end_of(pause, clock.now()) if pause else None


def _end_of(pause: MailPause, now: datetime) -> datetime | None:
    """None also for a mark that lies in the future, as only a clock that ran ahead can have made it."""
    if pause.last_sent_at > now + clock.SLACK:
        return None
    ends_at = pause.last_sent_at + PAUSES[min(pause.sent, len(PAUSES)) - 1]
    return ends_at if pause.sent and now < ends_at else None


def _key(kind: Kind, email: str) -> bytes:
    return keyed_hash(f"mail-pause:{kind}:{email}".encode())


def _lock(key: bytes, now: datetime) -> MailPause:
    db.session.execute(insert(MailPause).values(key=key, sent=0, last_sent_at=now).on_conflict_do_nothing())
    return db.session.get_one(MailPause, key, with_for_update=True, populate_existing=True)


def forget_old() -> None:
    """Forget the pauses that count no longer."""
    with transaction() as session:
        session.execute(
            delete(MailPause)
            .where(MailPause.last_sent_at < clock.now() - FORGOTTEN_AFTER)
            .execution_options(synchronize_session=False)
        )
