"""What the function reads from its environment, looked up at each call so that a test or a rotation can change it."""

import os
from typing import NamedTuple

from email_lambda.addresses import canonical
from email_lambda.answers import Misconfigured, Refused

# Below the function's own time limit, so that a mail server's silence becomes an answer and not a dead function.
DEFAULT_TIMEOUT_SECONDS = 8.0
LOCAL_PART_LENGTH = 64  # RFC 5321, 4.5.3.1.1


class Settings(NamedTuple):
    """The mail server and the sender.

    ``timeout`` is in seconds and holds for each step of the conversation but the last: the answer to a mail that was
    handed over is waited for as long as the function has time.
    """

    host: str
    port: int
    username: str
    password: str
    starttls: bool
    cafile: str | None
    timeout: float
    sender: str
    reply_to: str | None
    tags_sender: bool = True

    def envelope_sender(self, tag: str) -> str:
        """Return where bounces go: the sender's mailbox with the tag after a plus, or without where that cannot be."""
        local, _, domain = self.sender.rpartition("@")
        tagged = f"{local}+{tag}"
        return f"{tagged}@{domain}" if tag and self.tags_sender and len(tagged) <= LOCAL_PART_LENGTH else self.sender

    @property
    def answers_to(self) -> str:
        """Return the address that reads answers: of people, and of their calendars."""
        return self.reply_to or self.sender

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
        tags_sender=os.environ.get("MAIL_FROM_TAGS", "1") != "0",
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
