"""What an account lets in: proving its password before something is granted, and ending all that was.

A password is checked outside of any transaction, as it takes long. Whoever then writes locks the account and asks again
whether it is active and still has the hash that was checked: meanwhile the owner may have set a new password.
"""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hms.auth import passwords, queries, signals
from hms.auth.models import SignIn, User
from hms.auth.queries import Account
from hms.auth.services.proving import end_codes
from hms.db import transaction
from hms.errors import Invalid


class WrongPassword(Invalid):
    """It is not the present password of the account."""

    code, title = "wrong-password", "That is not your password"
    message = "That is not your present password."


def prove_password(account: User | Account, password: str) -> str:
    """The hash that ``password`` was checked against, for :func:`lock_proved`.

    Raises :class:`WrongPassword`, about the field ``password``.
    """
    with transaction():
        user = queries.find_user(account.id)
    proved_hash = user.password_hash if user and user.is_active else None
    if not passwords.matches(password, proved_hash) or proved_hash is None:
        raise WrongPassword(field="password")
    return proved_hash


def lock_proved(session: Session, user_id: UUID, *, proved_hash: str, shared: bool = False) -> User | None:
    """The account, locked until the transaction ends; None unless it is active and has the hash that was checked.

    ``shared`` lets others hold the account in the same way: for what only adds something, such as a sign-in.
    """
    lock = {"read": True} if shared else {}
    user = session.get(User, user_id, with_for_update=lock or True, populate_existing=True)
    return user if user and user.is_active and user.password_hash == proved_hash else None


def end_access(session: Session, user: User) -> None:
    """End every sign-in and code, and announce that whatever else was granted ends; the caller holds the lock."""
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    session.flush()
    end_codes(session, user.email)
    signals.access_ended.send(user)
