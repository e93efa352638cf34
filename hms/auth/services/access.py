"""What an account lets in: proving its password before something is granted, and ending all that was.

A password is checked outside of any transaction, as it takes long. Whoever then writes locks the account and asks again
whether it is active and still has the hash that was checked: meanwhile the owner may have set a new password.
"""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hms.auth import emails, queries, signals
from hms.auth.codes import keyed_hash
from hms.auth.models import SignIn, User
from hms.auth.queries import Account
from hms.auth.services import pauses
from hms.auth.services.checking import is_password_of
from hms.auth.services.proving import end_codes
from hms.db import transaction
from hms.errors import Conflict, Invalid


class WrongPassword(Invalid):
    """It is not the present password of the account."""

    code, title = "wrong-password", "That’s not your password"
    message = "That’s not your current password."


class Unverified(Conflict):
    """Nobody has proved that the address of the account is the person's own."""

    code, title = "unverified", "Confirm your email first"
    message = "Confirm your email address first. Then try again."


def prove_password(account: User | Account, password: str) -> str:
    """The hash that ``password`` was checked against, for :func:`lock_proved`.

    Raises :class:`WrongPassword`, about the field ``password``, and :class:`hms.throttle.TooMany`.
    """
    with transaction():
        user = queries.find_user(account.id)
    proved_hash = user.password_hash if user and user.is_active else None
    if not is_password_of(password, proved_hash, email=account.email) or proved_hash is None:
        raise WrongPassword(field="password")
    return proved_hash


def lock_proved(session: Session, user_id: UUID, *, proved_hash: str, shared: bool = False) -> User | None:
    """The account, locked until the transaction ends; None unless it is active and has the hash that was checked.

    ``shared`` lets others hold the account in the same way: for what only adds something, such as a sign-in.
    """
    lock = {"read": True} if shared else {"key_share": True}
    user = session.get(User, user_id, with_for_update=lock, populate_existing=True)
    return user if user and user.is_active and user.password_hash == proved_hash else None


def lock_to_grant(session: Session, user_id: UUID, *, proved_hash: str) -> User:
    """The account, locked, to open a way to its appointments for somebody who has proved its password.

    Raises :class:`WrongPassword`, :class:`Unverified`.
    """
    user = lock_proved(session, user_id, proved_hash=proved_hash)
    if user is None:
        raise WrongPassword(field="password")
    if user.email_verified_at is None:
        raise Unverified
    return user


def tell_of_grant(user: User, what: str) -> None:
    """Queue a mail to the owner that a way to the appointments was opened: ``feed`` or ``google``.

    Who opens many gets mails with growing pauses.
    """
    if pauses.begin(pauses.Kind.GRANT, f"{what}:{user.email}") is None:
        emails.access_granted(user, what)


def tell_of_new_password(user: User) -> None:
    """Queue a mail to the owner that the password is another one now.

    Who changes it often gets mails with growing pauses: what is changed within one is told of at its end.
    """
    emails.password_changed(user, due_at=pauses.begin(pauses.Kind.CHANGE, user.email))


def fingerprint(proved_hash: str) -> str:
    """A sign of a password hash, to be kept where the hash itself has no place."""
    return keyed_hash(b"proved:" + proved_hash.encode()).hex()


def end_access(session: Session, user: User) -> None:
    """End every sign-in and code, and announce that whatever else was granted ends; the caller holds the lock."""
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    session.flush()
    end_codes(session, user.email)
    signals.access_ended.send(user)
