"""Signed-in browsers: one row each, named by the SHA-256 of what the browser's cookie holds."""

from typing import Any

from sqlalchemy import delete, or_, update

from hms import audit, clock
from hms.auth import session_limits
from hms.auth.models import SignIn, User
from hms.auth.services.access import lock_proved
from hms.auth.services.accounts import WrongCredentials
from hms.db import transaction


def begin_sign_in(
    user: User, *, proved_hash: str, id_hash: bytes, data: dict[str, Any], replaces: bytes | None = None
) -> None:
    """Remember that a browser is signed in as ``user``, and forget the sign-in that it had before.

    Raises :class:`WrongCredentials` unless the account still has ``proved_hash``, which the password was checked
    against, and is active.
    """
    now = clock.now()
    with transaction() as session:
        if lock_proved(session, user.id, proved_hash=proved_hash, shared=True) is None:
            raise WrongCredentials
        audit.record("sign-in", subject=("user", user.id), by=audit.Person(user.id, user.role))
        if replaces:
            session.execute(delete(SignIn).where(SignIn.id_hash == replaces))
        session.add(
            SignIn(
                id_hash=id_hash,
                user_id=user.id,
                data=data,
                created_at=now,
                last_seen_at=now,
                expires_at=session_limits.ends_at(now),
            )
        )


def note_seen(id_hash: bytes) -> None:
    """Remember that the browser was here just now."""
    with transaction() as session:
        session.execute(update(SignIn).where(SignIn.id_hash == id_hash).values(last_seen_at=clock.now()))


def save_data(id_hash: bytes, data: dict[str, Any]) -> None:
    """Keep ``data`` for the browser; one that was signed out meanwhile stays so."""
    with transaction() as session:
        session.execute(update(SignIn).where(SignIn.id_hash == id_hash).values(data=data))


def end_sign_in(id_hash: bytes) -> None:
    """Sign the browser out."""
    ended = delete(SignIn).where(SignIn.id_hash == id_hash).returning(SignIn.user_id)
    with transaction() as session:
        if user := session.get(User, session.scalar(ended)):
            audit.record("sign-out", subject=("user", user.id), by=audit.Person(user.id, user.role))


def delete_ended_sign_ins() -> int:
    """Forget the sign-ins that have run out; how many they were."""
    now = clock.now()
    with transaction() as session:
        ended = session.execute(
            delete(SignIn)
            .where(or_(SignIn.expires_at <= now, SignIn.last_seen_at <= session_limits.idle_since(now)))
            .execution_options(synchronize_session=False)
        )
    return int(ended.rowcount)  # type: ignore[attr-defined]  # a DELETE answers a CursorResult


def end_all_sign_ins(_: object = None, **__: object) -> None:
    """Sign everyone out, in the transaction that says why."""
    with transaction() as session:
        session.execute(delete(SignIn).execution_options(synchronize_session=False))
        audit.record("sessions-ended", how="restore")
