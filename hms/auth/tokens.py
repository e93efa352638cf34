"""Links that prove something: signed, for one purpose, for a while, and only as long as the account is as it was.

Nothing is stored for them. A link carries the account's id, when it ends, and a fingerprint of what it may change: a
reset link of the address and the password that it replaces, a verification link of the address that it verifies.
Once that has changed, the link is used up. A password can be set once by a link; an address can be verified by the
same link again, which changes nothing.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from hms import clock
from hms.auth.models import User
from hms.errors import Conflict


class Purpose(StrEnum):
    """What a link is for."""

    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"  # noqa: S105  # a purpose, not a password
    STOP_REMINDERS = "stop-reminders"


LASTS = {
    Purpose.VERIFY_EMAIL: timedelta(days=7),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.STOP_REMINDERS: timedelta(days=365),
}


class LinkEnded(Conflict):
    """The link is used up, too old, or was never ours."""

    code, title = "link-ended", "This link no longer works"
    message = "It may have expired, been used already, or be incomplete."


def make(purpose: Purpose, user: User) -> str:
    """A token for the address of a link."""
    ends_at = clock.now() + LASTS[purpose]
    return _serializer(purpose).dumps([user.id.hex, int(ends_at.timestamp()), _fingerprint(purpose, user)])


def user_id_of(purpose: Purpose, token: str) -> UUID:
    """Whose link it is. Raises :class:`LinkEnded` when it is not ours, or too old."""
    return _read(purpose, token)[0]


def check(purpose: Purpose, token: str, user: User) -> None:
    """Raise :class:`LinkEnded` unless the account is still as it was when the link was made."""
    if not hmac.compare_digest(_read(purpose, token)[1], _fingerprint(purpose, user)) or not user.is_active:
        raise LinkEnded


def _read(purpose: Purpose, token: str) -> tuple[UUID, str]:
    try:
        user_id, ends_at, fingerprint = _serializer(purpose).loads(token)
    except (BadData, ValueError, TypeError):
        raise LinkEnded from None
    if clock.now() >= datetime.fromtimestamp(ends_at, UTC):
        raise LinkEnded
    return UUID(user_id), fingerprint


def _serializer(purpose: Purpose) -> URLSafeSerializer:
    digest = {"digest_method": hashlib.sha256}
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"hms.{purpose}", signer_kwargs=digest)


def _fingerprint(purpose: Purpose, user: User) -> str:
    state = {
        Purpose.VERIFY_EMAIL: user.email,
        Purpose.RESET_PASSWORD: f"{user.email}:{user.password_hash}",
        Purpose.STOP_REMINDERS: user.email,
    }[purpose]
    return hashlib.sha256(state.encode()).hexdigest()[:32]
