"""Reading a report that a mail did not arrive: a mail server's (RFC 3464), or Amazon SES's as JSON.

What is read comes from strangers: only its first megabyte counts, and nothing of it is kept but a status code.
"""

import email
import json
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any, NamedTuple

from hms.errors import Invalid

MAX_BYTES = 1_000_000
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")


class Report(NamedTuple):
    """What a report says: whether the mail was given up, its status code (``5.1.1``, or empty), and all of its text."""

    is_final: bool
    status: str
    text: str


def read(raw: bytes) -> Report:
    """The report in a message (or in a notification of SES). Raises :class:`hms.errors.Invalid` for anything else."""
    raw = raw[:MAX_BYTES]
    if raw.lstrip()[:1] == b"{":
        return _of_ses(raw)
    blocks = _blocks_in(raw)
    failed = [_status(str(block.get("Status", ""))) for block in blocks if _action(block) == "failed"]
    if not any(map(_action, blocks)):
        raise Invalid("That isn't a delivery report. Nothing was changed.")
    return Report(is_final=bool(failed), status=failed[0] if failed else "", text=raw.decode("utf-8", "replace"))


def _blocks_in(raw: bytes) -> list[Message]:
    try:
        return list(_status_blocks(email.message_from_bytes(raw)))
    except RecursionError:  # parts within parts within parts
        return []


def _action(block: Message) -> str:
    return str(block.get("Action", "")).strip().lower()


def _status_blocks(message: Message) -> Iterator[Message]:
    """The groups of fields of the delivery status, which Python reads as messages of their own."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            yield from (block for block in (payload if isinstance(payload, list) else []) if isinstance(block, Message))


def _of_ses(raw: bytes) -> Report:
    """https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, alone or inside a message of SNS."""
    notice = _json(raw)
    if isinstance(notice.get("Message"), str):
        notice = _json(notice["Message"].encode())
    kind = notice.get("notificationType") or notice.get("eventType")
    bounce = notice.get("bounce")
    if kind != "Bounce" or not isinstance(bounce, dict):
        raise Invalid("That isn't a notification of a bounce. Nothing was changed.")
    recipients = bounce.get("bouncedRecipients")
    first = recipients[0] if isinstance(recipients, list) and recipients and isinstance(recipients[0], dict) else {}
    mail = notice.get("mail")
    source = mail.get("source") if isinstance(mail, dict) else ""
    is_final = bounce.get("bounceType") == "Permanent"
    return Report(
        is_final=is_final, status=_status(str(first.get("status", ""))), text=f"{source}\n{json.dumps(notice)}"
    )


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid("That is neither a delivery report nor a notification in JSON. Nothing was changed.")
    return found


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[0] if found else ""
