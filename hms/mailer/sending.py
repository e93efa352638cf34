"""The one way in which mail leaves: the AWS Lambda function ``HMS_EMAIL_FUNCTION``, invoked through boto3.

On AWS, under serverless-offline and with the function on this machine alike: they differ by one variable of boto3's
own, ``AWS_ENDPOINT_URL_LAMBDA``.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from email_validator import validate_email
from flask import current_app

from hms import outbox
from hms.db import db
from hms.mailer.promising import compose

CONNECT_SECONDS, READ_SECONDS = 3, 30
"""The function's own time-out (20 s) is shorter than ours, so that its answer is never missed."""


def deliver(message: outbox.Message) -> None:
    """Compose the promised mail and have the Lambda function send it.

    Raises :class:`~hms.outbox.Dropped`, :class:`~hms.outbox.PermanentFailure` or
    :class:`~hms.outbox.TemporaryFailure`. The Message-ID comes from the dedup key, so that a repetition can be
    recognised.
    """
    mail = compose(message.payload)
    db.session.rollback()  # what was read is read: no transaction stays open while a slow function is waited for
    event = {
        "type": message.payload["type"],
        "to": _in_ascii(mail.to),
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


def _in_ascii(address: str) -> str:
    """The address as mail servers know it: its domain in the form that IDNA 2008 gives it (``faß.de`` has one)."""
    return validate_email(address, check_deliverability=False, test_environment=True).ascii_email or address


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
