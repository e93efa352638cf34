"""Signed-in browsers: one row each, named by the SHA-256 of what the browser's cookie holds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import audit, clock
from hms.auth import emails, session_limits
from hms.auth.devices import Device
from hms.auth.models import KnownDevice, Role, SignIn, User
from hms.auth.services.access import lock_proved
from hms.auth.services.accounts import WrongCredentials
from hms.db import transaction

KNOWN_FOR = timedelta(days=365)


def begin_sign_in(
    user: User,
    *,
    proved_hash: str,
    id_hash: bytes,
    data: dict[str, Any],
    replaces: bytes | None = None,
    device: Device | None = None,
) -> None:
    """Remember that a browser is signed in as ``user``, and forget the sign-in that it had before.

    Of more than 20 sign-ins of one account, those that were used longest ago end. The owner gets a mail about a browser
    that was never here before, unless it is the first of all. Raises :class:`WrongCredentials` unless the account still
    has ``proved_hash``, which the password was checked against, and is active.
    """
    now = clock.now()
    with transaction() as session:
        locked = lock_proved(session, user.id, proved_hash=proved_hash, shared=True)
        if locked is None:
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
                expires_at=session_limits.ends_at(now, user.role),
                device=device and device.name,
                place=device and device.place,
            )
        )
        session.flush()
        _end_oldest(session, user)
        if device and not remember_device(session, user, device):
            audit.record("new-device", subject=("user", user.id), by=audit.Person(user.id, user.role))
            emails.security_notice(locked, "new-device", device=device.name)


def _end_oldest(session: Session, user: User) -> None:
    latest = select(SignIn.id_hash).where(SignIn.user_id == user.id).order_by(SignIn.last_seen_at.desc())
    kept = latest.limit(session_limits.MOST_SIGN_INS)
    more = delete(SignIn).where(SignIn.user_id == user.id, SignIn.id_hash.not_in(kept))
    session.execute(more.execution_options(synchronize_session=False))


def remember_device(session: Session, user: User, device: Device) -> bool:
    """Know the browser from here on; whether it was here before, or is the first of all."""
    now = clock.now()
    here = insert(KnownDevice).values(user_id=user.id, id_hash=device.id_hash, last_used_at=now)
    known = set(session.scalars(select(KnownDevice.id_hash).where(KnownDevice.user_id == user.id)))
    session.execute(here.on_conflict_do_update(index_elements=["user_id", "id_hash"], set_={"last_used_at": now}))
    return not known or device.id_hash in known


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


def end_own_sign_in(user_id: UUID, ref: str, *, here: bytes | None) -> SignIn | None:
    """Sign another browser of this account out, by the ``ref`` of its sign-in; None if it is out already.

    ``here`` is the browser that asks, which signs out by its own button.
    """
    with transaction() as session:
        own = session.scalars(select(SignIn).where(SignIn.user_id == user_id)).all()
        found = next((one for one in own if one.ref == ref and one.id_hash != here), None)
        if found:
            session.delete(found)
            audit.record("session-ended", subject=("user", user_id))
    return found


def end_other_sign_ins(user_id: UUID, *, here: bytes | None) -> int:
    """Sign every other browser of this account out; how many they were."""
    with transaction() as session:
        others = delete(SignIn).where(SignIn.user_id == user_id, SignIn.id_hash != (here or b""))
        ended = session.execute(others.execution_options(synchronize_session=False))
        audit.record("sessions-ended", subject=("user", user_id))
    return int(ended.rowcount)  # type: ignore[attr-defined]  # a DELETE answers a CursorResult


def delete_ended_sign_ins() -> int:
    """Forget the sign-ins that have run out, and browsers that were not used for a year; how many sign-ins it was."""
    now = clock.now()
    limit, staff_limit = session_limits.idle_since(now)
    patients = select(User.id).where(User.role == Role.PATIENT)
    is_idle_staff = (SignIn.last_seen_at <= staff_limit) & SignIn.user_id.not_in(patients)
    unused = delete(KnownDevice).where(KnownDevice.last_used_at <= now - KNOWN_FOR)
    with transaction() as session:
        session.execute(unused.execution_options(synchronize_session=False))
        ended = session.execute(
            delete(SignIn)
            .where(or_(SignIn.expires_at <= now, SignIn.last_seen_at <= limit, is_idle_staff))
            .execution_options(synchronize_session=False)
        )
    return int(ended.rowcount)  # type: ignore[attr-defined]  # a DELETE answers a CursorResult


def end_all_sign_ins(_: object = None, **__: object) -> None:
    """Sign everyone out, in the transaction that says why."""
    with transaction() as session:
        session.execute(delete(SignIn).execution_options(synchronize_session=False))
        audit.record("sessions-ended", how="restore")
