"""What the function reads from its environment, looked up at each call so that a test or a rotation can change it."""

import os
from typing import NamedTuple

from email_lambda.addresses import canonical
from email_lambda.answers import Misconfigured, Refused

# Below the function's own time limit, so that a mail server's silence becomes an answer and not a dead function.
DEFAULT_TIMEOUT_SECONDS = 8.0


class Settings(NamedTuple):
    """The mail server and the sender. ``timeout`` is in seconds and holds for each step of the conversation."""

    host: str
    port: int
    username: str
    password: str
    starttls: bool
    cafile: str | None
    timeout: float
    sender: str
    reply_to: str | None

    @property
    def domain(self) -> str:
        """Return the sender's domain: our name in EHLO and in Message-IDs."""
        return self.sender.rpartition("@")[2]


def from_environment() -> Settings:
    """Return the settings, or raise Misconfigured with the name of the variable that is wrong."""
    starttls = os.environ.get("SMTP_STARTTLS", "1") != "0"
    username = os.environ.get("SMTP_USERNAME", "")
    if username and not starttls:
        raise Misconfigured("SMTP_USERNAME is set but SMTP_STARTTLS is 0: we do not send a password in the clear.")
    return Settings(
        host=_required("SMTP_HOST"),
        port=int(_number("SMTP_PORT", 587)),
        username=username,
        password=os.environ.get("SMTP_PASSWORD", ""),
        starttls=starttls,
        cafile=os.environ.get("SMTP_CAFILE") or None,
        timeout=_number("SMTP_TIMEOUT_SECONDS", DEFAULT_TIMEOUT_SECONDS),
        sender=_address("MAIL_FROM", _required("MAIL_FROM")),
        reply_to=_address("MAIL_REPLY_TO", os.environ["MAIL_REPLY_TO"]) if os.environ.get("MAIL_REPLY_TO") else None,
    )


def _required(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise Misconfigured(f"{name} is not set.")


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    if text.isascii() and text.replace(".", "", 1).isdigit() and float(text) > 0:
        return float(text)
    raise Misconfigured(f"{name} must be a number above 0.")


def _address(name: str, value: str) -> str:
    try:
        return canonical(value)
    except Refused as refusal:
        raise Misconfigured(f"{name} must be one plain email address, without a name.") from refusal
