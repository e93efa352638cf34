"""The one door through which mail leaves: rows of kind ``email`` in the outbox, and the AWS Lambda that sends them.

A row says which mail, about what, to whom. What the mail says is gathered when it is sent, by the composer that a
capability registers for its message type, so that nobody is told of something that has changed since.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, current_app

from hms import outbox

CONNECT_SECONDS, READ_SECONDS = 3, 30
"""The function's own time-out (20 s) is shorter than ours, so that its answer is never missed."""


class Promise(NamedTuple):
    """Which mail was promised: about what (an appointment, a user), to which user, in which version of it."""

    message_type: str
    about: UUID
    to: UUID
    version: int
    extra: dict[str, Any]


class Mail(NamedTuple):
    """A mail as it leaves: the address, and the data that the email function's contract asks for its type."""

    to: str
    data: Mapping[str, Any]


Composer = Callable[[Promise], Mail]
"""Gathers one mail from how things stand now. Raises :class:`hms.outbox.Dropped` when it no longer holds."""


def send(
    message_type: str,
    *,
    about: UUID,
    to: UUID,
    version: int = 1,
    occasion: str = "",
    due_at: datetime | None = None,
    extra: dict[str, Any] | None = None,
) -> None:
    """Promise the user ``to`` one mail with the current transaction, to be sent from ``due_at`` on (by default now).

    ``message_type`` names a message of the email function's contract. Type, ``about``, ``to``, ``version`` and
    ``occasion`` together name this mail once and for all: promising it again changes nothing. ``extra`` holds plain
    values that the composer will need and cannot find out later.
    """
    payload = {"type": message_type, "about": str(about), "to": str(to), "version": version, **(extra or {})}
    name = ":".join(filter(None, (message_type, str(about), str(to), str(version), occasion)))
    outbox.enqueue("email", payload, dedup_key=name, subject_id=about, due_at=due_at)


def clinic() -> dict[str, str]:
    """What every mail says of the clinic."""
    config = current_app.config
    return {
        "clinic_name": config["CLINIC_NAME"],
        "clinic_phone": config["CLINIC_PHONE"],
        "emergency_line": config["EMERGENCY_LINE"],
    }


def compose_with(app: Flask, message_type: str, composer: Composer) -> None:
    """Gather mails of this type through ``composer``."""
    app.extensions.setdefault("hms.composers", {})[message_type] = composer


def init_app(app: Flask) -> None:
    """Deliver mail through the Lambda function ``HMS_EMAIL_FUNCTION``; without one, mail waits and pages say so."""
    app.extensions.setdefault("hms.composers", {})
    if app.config["EMAIL_FUNCTION"]:
        outbox.register(app, "email", deliver)


def is_on() -> bool:
    """Whether mail leaves at all."""
    return bool(current_app.config["EMAIL_FUNCTION"])


def deliver(message: outbox.Message) -> None:
    """Compose the promised mail and have the Lambda function send it.

    Raises :class:`~hms.outbox.Dropped`, :class:`~hms.outbox.PermanentFailure` or
    :class:`~hms.outbox.TemporaryFailure`. The Message-ID comes from the dedup key, so that a repetition can be
    recognised.
    """
    mail = compose(message.payload)
    event = {
        "type": message.payload["type"],
        "to": mail.to,
        "data": {name: value for name, value in mail.data.items() if value is not None},
        "message_id": message.dedup_key,
    }
    answer = invoke(event)
    if answer.get("ok"):
        return
    error = str(answer.get("error") or "The email function gave no reason.")
    if answer.get("retryable", True):
        raise outbox.TemporaryFailure(error)
    raise outbox.PermanentFailure(error)


def compose(payload: Mapping[str, Any]) -> Mail:
    """The mail that a message's payload promises, as things stand now."""
    named = {"type", "about", "to", "version"}
    promise = Promise(
        payload["type"],
        UUID(payload["about"]),
        UUID(payload["to"]),
        payload["version"],
        {name: value for name, value in payload.items() if name not in named},
    )
    composer = current_app.extensions["hms.composers"].get(promise.message_type)
    if composer is None:
        raise outbox.PermanentFailure(f"This version does not know mails of type {promise.message_type}.")
    return composer(promise)


def invoke(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the Lambda function answers: ``{"ok", "retryable", "error"}``.

    A status of 200 does not mean success: the function may have failed (``FunctionError``), or answered *no*.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        response = _client().invoke(
            FunctionName=current_app.config["EMAIL_FUNCTION"],
            InvocationType="RequestResponse",
            Payload=json.dumps(event).encode(),
        )
        body = response["Payload"].read()
    except (BotoCoreError, ClientError, OSError) as error:
        raise outbox.TemporaryFailure(f"The email function cannot be reached: {error}") from error
    if response.get("FunctionError"):
        raise outbox.TemporaryFailure(f"The email function failed: {body[:300].decode(errors='replace')}")
    return _answer(body)


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise outbox.TemporaryFailure(f"The email function answered in another form: {body[:100]!r}")
    return answer


@lru_cache(maxsize=1)
def _client() -> Any:
    """boto3's client, made once in a process. It never tries again by itself: a slow invocation would send twice."""
    import boto3
    from botocore.config import Config

    once = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
    return boto3.client("lambda", config=once)
