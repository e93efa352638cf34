"""Proving an address, and getting back in without the password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms import audit, clock, mailer, throttle
from hms.auth import emails, passwords, queries, tokens
from hms.auth.devices import Device
from hms.auth.models import User
from hms.auth.people import BadEmail, normal_email
from hms.auth.services import pauses
from hms.auth.services.access import WrongPassword, end_access, lock_proved, tell_of_new_password
from hms.auth.services.checking import is_password_of
from hms.auth.services.sign_ins import remember_device
from hms.auth.tokens import LinkEnded, Purpose
from hms.db import transaction
from hms.throttle import rules


def send_verification(user: User) -> datetime | None:
    """Queue another mail with a link that verifies the address.

    Within the pause after such a mail none is queued, and the moment is answered from which on one may be.
    """
    throttle.count(rules.MAIL, account=user.id)
    with transaction() as session:
        user = _lock(session, user.id)
        if user.email_verified_at is not None or not user.is_active:
            return None
        next_at = pauses.begin(pauses.Kind.VERIFICATION, user.email)
        if next_at is None:
            emails.verification(user)
    return next_at


def check_verification(token: str) -> None:
    """Raise :class:`~hms.auth.tokens.LinkEnded` unless the link would work now."""
    tokens.check(Purpose.VERIFY_EMAIL, token, _owner(Purpose.VERIFY_EMAIL, token))


def verify_email(token: str) -> User:
    """Take the address as the person's own; again changes nothing. Raises :class:`~hms.auth.tokens.LinkEnded`."""
    user_id = tokens.user_id_of(Purpose.VERIFY_EMAIL, token)
    with transaction() as session:
        user = _lock(session, user_id)
        tokens.check(Purpose.VERIFY_EMAIL, token, user)
        user.email_verified_at = user.email_verified_at or clock.now()
        mailer.end_mark(user.email)
        audit.record("email-verified", subject=("user", user.id), how="link")
    return user


def ask_for_reset(email: str) -> None:
    """Queue a mail with a link for a new password, if there is such an account; nobody is told whether there is.

    Within the pause after such a mail nothing happens: the link of the mail before works.
    """
    throttle.count(rules.MAIL)
    try:
        email = normal_email(email)
    except BadEmail:
        return
    with transaction():
        user = queries.find_user_by_email(email)
        audit.record("reset-asked", subject=("user", user.id if user else None))
        if pauses.begin(pauses.Kind.RESET, email) is None and user is not None and user.is_active:
            emails.reset(user)


def check_reset(token: str) -> User:
    """The account whose link this is. Raises :class:`~hms.auth.tokens.LinkEnded` unless the link would work now."""
    owner = _owner(Purpose.RESET_PASSWORD, token)
    tokens.check(Purpose.RESET_PASSWORD, token, owner)
    return owner


def reset_password(token: str, password: str, *, device: Device | None = None) -> User:
    """Set a new password, once, and end all that was granted before. The link has proved the address, too.

    ``device`` is the browser that did it: what others guess no longer slows it down.

    Raises :class:`~hms.auth.tokens.LinkEnded`; ``Invalid`` for a password that is too easy to guess.
    """
    owner = check_reset(token)
    passwords.check_choice(password, email=owner.email, full_name=owner.full_name)
    password_hash = passwords.store(password)
    with transaction() as session:
        user = _lock(session, owner.id)
        tokens.check(Purpose.RESET_PASSWORD, token, user)
        user.password_hash = password_hash
        user.email_verified_at = user.email_verified_at or clock.now()
        mailer.end_mark(user.email)
        end_access(session, user)
        audit.record("password-reset", subject=("user", user.id), by=audit.Person(user.id, user.role))
        if device:
            remember_device(session, user, device)
        tell_of_new_password(user)
    return user


def change_password(user: User, *, current: str, password: str) -> User:
    """Set a new password for somebody who knows the present one, and end all that was granted, this sign-in too.

    Raises :class:`WrongPassword`; ``Invalid`` for a new password that is too easy to guess.
    """
    proved_hash = user.password_hash
    if not is_password_of(current, proved_hash, email=user.email):
        raise WrongPassword(field="current")
    passwords.check_choice(password, email=user.email, full_name=user.full_name)
    password_hash = passwords.store(password)
    with transaction() as session:
        locked = lock_proved(session, user.id, proved_hash=proved_hash)
        if locked is None:
            raise WrongPassword(field="current")
        locked.password_hash = password_hash
        end_access(session, locked)
        audit.record("password-changed", subject=("user", locked.id), by=audit.Person(locked.id, locked.role))
        tell_of_new_password(locked)
    return locked


def _owner(purpose: Purpose, token: str) -> User:
    user = queries.find_user(tokens.user_id_of(purpose, token))
    if user is None:
        raise LinkEnded
    return user


def _lock(session: Session, user_id: UUID) -> User:
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise LinkEnded
    return user
