"""A private feed: an address that calendar programs can read, and that nobody guesses."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from hms import audit, clock
from hms.auth import services as accounts
from hms.auth.models import User
from hms.auth.queries import Account
from hms.auth.signals import access_ended
from hms.calendar.models import CalendarFeed
from hms.db import db, transaction

TOKEN_BYTES = 32  # 256 bits
KEPT_FOR = timedelta(days=30)
"""How long an appointment stays in the feed when it is over. A cancelled one leaves it at once."""


def make_feed(user: User | Account, *, proved_hash: str) -> str:
    """Give the user's feed a new address and answer its token, which is kept nowhere. An earlier address ends.

    The owner is told by mail. Raises :class:`~hms.auth.services.WrongPassword` unless the account still has the hash
    that the password was checked against, :class:`~hms.auth.services.Unverified`.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"token_hash": hash_of(token), "created_at": clock.now()}
    made = insert(CalendarFeed).values(user_id=user.id, **values)
    with transaction() as session:
        owner = accounts.lock_to_grant(session, user.id, proved_hash=proved_hash)
        session.execute(made.on_conflict_do_update(index_elements=["user_id"], set_=values))
        audit.record("feed-made", subject=("feed", owner.id))
        accounts.tell_of_grant(owner, "feed")
    return token


def end_feed(user: User, **_: object) -> None:
    """End the user's feed with everything else that was granted, in the same transaction."""
    ended = db.session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == user.id))
    if ended.rowcount:  # type: ignore[attr-defined]  # a DELETE's result has it
        audit.record("feed-ended", subject=("feed", user.id))


def init_app() -> None:
    """End feeds when access to the account ends."""
    access_ended.connect(end_feed)


def hash_of(token: str) -> bytes:
    """What is stored of a token. It is random, so a plain hash cannot be turned round."""
    return hashlib.sha256(token.encode()).digest()
