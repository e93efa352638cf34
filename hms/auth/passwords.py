"""Passwords: which may be chosen, how they are stored, and how they are checked.

Stored as argon2id with the parameters that the OWASP Password Storage Cheat Sheet gives as a minimum (19 MiB, two
passes, one lane), which are written in the hash, so that they can be raised later.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app

from hms import text
from hms.auth import guessing, turns
from hms.errors import Invalid

SHORTEST, LONGEST = 12, 1000
DEMO_ONLY = "demo-only-passphrase"  # everybody can read it here, so it opens nothing outside of development

UNTYPEABLE = "Your password contains characters that can’t be typed. Type it again."

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_turns = turns.Turns(1)  # of this process; :func:`init_app` says how many

# Of a password that nobody knows. Checked when no account has the email, so that the answer takes as long.
_NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$ay9tD4P4y5Ztt2Hahw1OAA$k9QFpjW6uzHTmS1wjNfDVJxVRtoYwhVxee+F+fQCRPY"


def init_app(app: Flask) -> None:
    """Let hashing take half of the threads of each process."""
    global _turns
    _turns = turns.for_threads(app.config["WEB_THREADS"])


class WeakPassword(Invalid):
    """Others would guess it."""

    code = "weak-password"


def check_choice(password: str, *, email: str, full_name: str) -> None:
    """Refuse a new password that is too short, easy to guess, or made of known names. The reason is the message."""
    if len(password) > LONGEST:
        raise WeakPassword(text.too_long(LONGEST), field="password")
    if text.has_forbidden_characters(password):
        raise WeakPassword(UNTYPEABLE, field="password")
    refusal = _reason_against(_normal(password), email=email, full_name=full_name)
    if refusal:
        raise WeakPassword(refusal, field="password")


def store(password: str) -> str:
    """The hash to keep for ``password``. Raises :class:`hms.db.Busy` when too many are being checked already."""
    with _turns.take():
        return _hasher.hash(_bytes(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the hash is this password's; ``None``, for an account that does not exist, takes as long to say no.

    A password longer than any may be is nobody's. Raises :class:`hms.db.Busy` when too many are being checked already.
    """
    if len(password) > LONGEST:
        return False
    with _turns.take():
        try:
            is_right = _hasher.verify(password_hash or _NOBODYS_HASH, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return is_right and password_hash is not None and _may_open(password)


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _reason_against(password: str, *, email: str, full_name: str) -> str | None:
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. For example, three random words."
    if len(password) > LONGEST:  # what NFKC has made longer
        return text.too_long(LONGEST)
    theirs = guessing.words_of(email, full_name)
    clinics = guessing.words_of(current_app.config["CLINIC_NAME"])
    if guessing.is_made_of(password, theirs | clinics):
        return (
            "Don't use your name, your email or the clinic's name as your password. Choose three random words instead."
        )
    if not _may_open(password) or guessing.is_easy(password, known=theirs | clinics):
        return "This password is easy to guess. Choose another, for example three random words."
    return None


def _may_open(password: str) -> bool:
    return password != DEMO_ONLY or current_app.config["MODE"] in ("development", "testing")


def _normal(password: str) -> str:
    """One form for what looks alike however it was typed (NFKC, as NIST SP 800-63B recommends); nothing is cut off."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")
