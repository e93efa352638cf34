"""Codes of an app and codes on paper: making and reading them. Nothing here is stored."""

import secrets
from datetime import datetime
from uuid import UUID

import pyotp
import segno
from markupsafe import Markup

from hms.auth.codes import digits_of, keyed_hash

STEP_SECONDS = 30
DIGITS = 6
LATE_STEPS = 1
"""A code may be one step early or late: clocks differ, and typing takes a while (RFC 6238, 5.2)."""

COUNT = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what looks alike
LENGTH, PART = 12, 4  # 59 bits


def new_secret() -> str:
    """A secret of 160 bits, in base 32, as apps take it."""
    return pyotp.random_base32()


def in_parts(secret: str) -> str:
    """The secret as people can type it."""
    return " ".join(secret[start : start + PART] for start in range(0, len(secret), PART))


def qr_code(secret: str, *, email: str, clinic: str) -> Markup:
    """A picture (SVG) that an app scans."""
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=clinic)
    picture = segno.make(address, error="m").svg_inline(omitsize=True, border=2, svgclass="qr-img", lineclass=None)
    return Markup(picture)  # noqa: S704  # squares that segno has drawn


def step_of(code: str, secret: str, *, now: datetime) -> int | None:
    """Which step of 30 seconds the code belongs to, around now; None for another code."""
    typed, app, present = digits_of(code), pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    if len(typed) != DIGITS:
        return None
    steps = range(present - LATE_STEPS, present + LATE_STEPS + 1)
    return next((step for step in steps if secrets.compare_digest(app.at(step * STEP_SECONDS), typed)), None)


def code_now(secret: str, *, now: datetime) -> str:
    """What the app shows."""
    return pyotp.TOTP(secret).at(int(now.timestamp()))


def new_codes() -> list[str]:
    """Ten codes for paper, such as ``k7md-92xq-tw4p``."""
    return [_new_code() for _ in range(COUNT)]


def _new_code() -> str:
    signs = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(signs[start : start + PART] for start in range(0, LENGTH, PART))


def hash_of(code: str, owner_id: UUID) -> bytes:
    """What is stored of a code, however it was typed."""
    signs = "".join(sign for sign in code.casefold() if sign in ALPHABET)
    return keyed_hash(b"recovery-code:" + owner_id.bytes + signs.encode())
