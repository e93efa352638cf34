"""Sealing what others have entrusted to us, so that a copy of the database opens nobody's calendar.

Fernet (AES-128-CBC with HMAC-SHA256; https://cryptography.io/en/latest/fernet/) under ``HMS_ENCRYPTION_KEYS``, which
are kept apart from ``HMS_SECRET_KEY``. The newest key seals, all of them open. Whose secret it is and what for stands
inside, so that a sealed value that was moved to another row does not open there.
"""

import json
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

REFRESH_TOKEN = "google-refresh-token"  # noqa: S105  # a purpose, not a token


class Unreadable(Exception):
    """The value was sealed with a key that is gone, for somebody else or for something else, or was changed."""


def seal(secret: str, *, owner_id: UUID, purpose: str) -> bytes:
    """``secret`` as it may be stored: only :func:`unseal` with the same owner and purpose gives it back."""
    inside = {"owner": str(owner_id), "purpose": purpose, "secret": secret}
    return _fernet().encrypt(json.dumps(inside).encode())


def unseal(sealed: bytes, *, owner_id: UUID, purpose: str) -> str:
    """The secret. Raises :class:`Unreadable`."""
    try:
        inside = json.loads(_fernet().decrypt(sealed))
    except InvalidToken:
        raise Unreadable("No key that HMS has opens this.") from None
    if (inside["owner"], inside["purpose"]) != (str(owner_id), purpose):
        raise Unreadable("This was sealed for someone or something else.")
    return str(inside["secret"])


def reseal(sealed: bytes) -> bytes:
    """The same secret under the newest key. Raises :class:`Unreadable`."""
    try:
        return _fernet().rotate(sealed)
    except InvalidToken:
        raise Unreadable("No key that HMS has opens this.") from None


def is_newest(sealed: bytes) -> bool:
    """Whether the newest key alone opens the value, so that older keys are not needed for it."""
    try:
        _fernets()[0].decrypt(sealed)
    except InvalidToken:
        return False
    return True


def _fernet() -> MultiFernet:
    return MultiFernet(_fernets())


def _fernets() -> list[Fernet]:
    keys = current_app.config["ENCRYPTION_KEYS"]
    if not keys:
        raise Unreadable("There is no key: set HMS_ENCRYPTION_KEYS.")
    return [Fernet(key) for key in keys]
