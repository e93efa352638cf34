"""The six digits that prove an address: which they are, and what a browser that asks for them is known by.

A code is an HMAC (SHA-256, with the secret key) of its request's id and its browser, so that the database alone gives
none away, and a mail that is tried again holds the same one.
"""

import hashlib
import hmac
import secrets
import unicodedata
from datetime import timedelta

from flask import current_app

from hms.auth.models import EmailCode

DIGITS = 6
LASTS = timedelta(minutes=10)
MAX_TRIES = 5
TIME_FOR_DETAILS = timedelta(hours=1)
"""How long the rest of the form may take once the code was entered."""


def new_browser() -> str:
    """A random value to keep in a browser's session."""
    return secrets.token_urlsafe(32)


def hash_of_browser(browser: str) -> bytes:
    """What is stored of such a value. It is random, so a plain hash cannot be turned round."""
    return hashlib.sha256(browser.encode()).digest()


def code_of(request: EmailCode) -> str:
    """The code that is mailed for this request."""
    number = int.from_bytes(keyed_hash(b"email-code:" + request.id.bytes + request.browser_hash))
    return f"{number % 10**DIGITS:0{DIGITS}}"


def is_code_of(request: EmailCode, typed: str) -> bool:
    """Whether these are the digits of the code; how long the answer takes does not tell how many are right."""
    return hmac.compare_digest(digits_of(typed), code_of(request))


def digits_of(typed: str) -> str:
    """The digits in what was typed, as 0 to 9, whatever stands between them."""
    return "".join(str(unicodedata.digit(sign)) for sign in typed if unicodedata.digit(sign, None) is not None)


def keyed_hash(content: bytes) -> bytes:
    """An HMAC that nobody makes without the secret key."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, b"hms." + content, hashlib.sha256).digest()
