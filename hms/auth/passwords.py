"""Passwords: which may be chosen, how they are stored, and how they are checked.

Stored as argon2id with the parameters that the OWASP Password Storage Cheat Sheet gives as a minimum (19 MiB, two
passes, one lane), which are written in the hash, so that they can be raised later.
"""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from hms import text
from hms.auth.common_passwords import ROWS, WORDS
from hms.db import Busy
from hms.errors import Invalid

SHORTEST, LONGEST = 12, 1000
FEWEST_DIFFERENT = 5
DEMO_ONLY = "demo-only-passphrase"  # everybody can read it here, so it opens nothing outside of development

LONGEST_WAIT_SECONDS = 3.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_turns = BoundedSemaphore(os.cpu_count() or 1)
SHORTEST_ROW = 6
_SIGNS = re.compile(r"[ -/:-@\[-`{-~]")
_DIGITS_AND_SIGNS_AT_THE_END = re.compile(r"[ -@\[-`{-~]+$")

# Of a password that nobody knows. Checked when no account has the email, so that the answer takes as long.
_NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$ay9tD4P4y5Ztt2Hahw1OAA$k9QFpjW6uzHTmS1wjNfDVJxVRtoYwhVxee+F+fQCRPY"


class WeakPassword(Invalid):
    """Others would guess it."""

    code = "weak-password"


def check_choice(password: str, *, email: str, full_name: str) -> None:
    """Refuse a new password that is too short, common, or the person's own name or email. The reason is the message."""
    if len(password) > LONGEST:
        raise WeakPassword(text.too_long(LONGEST), field="password")
    refusal = _reason_against(_normal(password), email=email, full_name=full_name)
    if refusal:
        raise WeakPassword(refusal, field="password")


def store(password: str) -> str:
    """The hash to keep for ``password``. Raises :class:`hms.db.Busy` when too many are being checked already."""
    with _turn():
        return _hasher.hash(_bytes(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the hash is this password's; ``None``, for an account that does not exist, takes as long to say no.

    A password longer than any may be is nobody's. Raises :class:`hms.db.Busy` when too many are being checked already.
    """
    if len(password) > LONGEST:
        return False
    with _turn():
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
        return f"Use at least {SHORTEST} characters. Three or four words in a row are good, and easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST:,} characters."
    if _plain(password) in {_plain(email), _plain(email.partition("@")[0]), _plain(full_name)}:
        return "Do not use your name or your email as the password. Others know them."
    if len(set(password)) < FEWEST_DIFFERENT or _is_common(password.casefold()) or not _may_open(password):
        return (
            "This password is on the lists that attackers try first. Choose another, for example four words in a row."
        )
    return None


def _is_common(password: str) -> bool:
    """Whether it is a well-known word or row of keys, alone or repeated, perhaps with digits or signs after it."""
    core = _DIGITS_AND_SIGNS_AT_THE_END.sub("", password)
    letters_and_digits = _SIGNS.sub("", password)
    is_a_row = len(letters_and_digits) >= SHORTEST_ROW and any(letters_and_digits in row for row in ROWS)
    return is_a_row or any(_unrepeated(text) in WORDS for text in (password, core, letters_and_digits))


def _unrepeated(text: str) -> str:
    """``password`` for ``passwordpassword``."""
    repeats = (text + text).find(text, 1)
    return text[:repeats] if repeats > 0 else text


def _plain(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def _may_open(password: str) -> bool:
    return password != DEMO_ONLY or current_app.config["MODE"] in ("development", "testing")


def _normal(password: str) -> str:
    """One form for what looks alike however it was typed (NFKC, as NIST SP 800-63B recommends); nothing is cut off."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")


@contextmanager
def _turn() -> Iterator[None]:
    """As many at once as there are processors: each takes all of one, and 19 MiB."""
    if not _turns.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise Busy
    try:
        yield
    finally:
        _turns.release()
