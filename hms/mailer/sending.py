"""Sends mail through the AWS Lambda function ``HMS_EMAIL_FUNCTION``, invoked through boto3.

On AWS, under serverless-offline and with the function on this machine alike: they differ by one variable of boto3's
own, ``AWS_ENDPOINT_URL_LAMBDA``.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

from email_validator import validate_email
from flask import current_app

from hms import outbox
from hms.db import db
from hms.mailer import bouncing, limiting, tags
from hms.mailer.composing import compose
from hms.outbox import Fault

CONNECT_SECONDS, READ_SECONDS = 3, 105
"""The function's own time-out (90 s, and the time it takes to start) is shorter, so that its answer is never missed."""

NOT_ALLOWED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
"""What AWS answers when our own settings are wrong: the identity, its policy, the function's name or region."""


_composing = BoundedSemaphore(2)
"""Two lanes at a time: more would compose no faster, and hold connections to the database that others wait for."""


def deliver(message: outbox.Message) -> None:
    """Compose the mail and have the Lambda function send it.

    Raises :class:`~hms.outbox.Dropped`, :class:`~hms.outbox.PermanentFailure`, :class:`~hms.outbox.TemporaryFailure`
    or :class:`~hms.outbox.MayHaveBeenSent`. The Message-ID comes from the dedup key, so that a repetition can be
    recognised.
    """
    with _composing:
        mail = compose(message.payload)
        limiting.check(message.payload)
        db.session.rollback()  # what was read is read: no transaction stays open while a slow function is waited for
    event = {
        "type": message.payload["type"],
        "to": _in_ascii(mail.to),
        "data": {name: value for name, value in mail.data.items() if value is not None},
        "message_id": message.dedup_key,
        "return_tag": tags.tag_for(message.id, to=mail.to),
    }
    answer = invoke(event)
    if _knows_no_tags(answer):
        answer = invoke(_as_it_was(event))
    if answer.get("fault") == Fault.RECIPIENT:
        bouncing.mark(mail.to, str(answer.get("error")))
    _judge(answer)


def _as_it_was(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without what the function of the version before refuses."""
    data = {name: value for name, value in event["data"].items() if name != "unsubscribe_url"}
    return {name: value for name, value in event.items() if name != "return_tag"} | {"data": data}


def _knows_no_tags(answer: Mapping[str, Any]) -> bool:
    """Whether the function is of the version before, which refuses an event with a tag."""
    return not answer.get("ok") and "fault" not in answer and "return_tag" in str(answer.get("error"))


def _judge(answer: Mapping[str, Any]) -> None:
    """Raise what the function's answer means, unless it says that the mail was sent."""
    if answer.get("ok"):
        return
    error = str(answer.get("error") or "The email function gave no reason.")
    is_retryable, fault = bool(answer.get("retryable", True)), _fault(answer)
    if fault == Fault.UNSURE:
        raise outbox.MayHaveBeenSent(error, retryable=is_retryable)
    if is_retryable:
        raise outbox.TemporaryFailure(error, fault=fault or Fault.LATER)
    raise outbox.PermanentFailure(error, fault=fault or Fault.MESSAGE)


def _fault(answer: Mapping[str, Any]) -> Fault | None:
    """Whose fault the function says it is; none where it is an older one, which does not say."""
    named = answer.get("fault")
    return Fault(named) if named in set(Fault) else None


def _in_ascii(address: str) -> str:
    """The address as mail servers know it: its domain in the form that IDNA 2008 gives it (``faß.de`` has one)."""
    return validate_email(address, check_deliverability=False, test_environment=True).ascii_email or address


def invoke(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the Lambda function answers: ``{"ok", "retryable", "error", "fault"}``.

    A status of 200 does not mean success: the function may have failed (``FunctionError``), or answered *no*.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

    try:
        response = _client().invoke(
            FunctionName=current_app.config["EMAIL_FUNCTION"],
            InvocationType="RequestResponse",
            Payload=json.dumps(event).encode(),
        )
        body = response["Payload"].read()
    except ClientError as error:
        raise _refused(error) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise outbox.TemporaryFailure(_cannot_be_reached(error), fault=Fault.SERVER) from error
    except (BotoCoreError, OSError) as error:
        raise _broken(error) from error
    if response.get("FunctionError"):
        said = body[:300].decode(errors="replace")
        raise outbox.TemporaryFailure(f"The email function failed: {said}", fault=Fault.UNSURE)
    return _answer(body)


def _cannot_be_reached(error: Exception) -> str:
    return f"The email function can’t be reached: {error}"


def _refused(error: Any) -> outbox.TemporaryFailure:
    """AWS itself said no: the function was not called."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    is_ours = code in NOT_ALLOWED or status == HTTPStatus.FORBIDDEN
    return outbox.TemporaryFailure(_cannot_be_reached(error), fault=Fault.OURS if is_ours else Fault.SERVER)


def _broken(error: Exception) -> outbox.TemporaryFailure:
    """The call broke off. Where it had begun, the function may have sent the mail and only its answer was lost."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError, NoCredentialsError, NoRegionError, SSLError

    if isinstance(error, NoCredentialsError | NoRegionError):
        return outbox.TemporaryFailure(_cannot_be_reached(error), fault=Fault.OURS)
    has_begun = isinstance(error, HTTPClientError | IncompleteReadError | OSError) and not isinstance(error, SSLError)
    return outbox.TemporaryFailure(_cannot_be_reached(error), fault=Fault.UNSURE if has_begun else Fault.SERVER)


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise outbox.TemporaryFailure(
            f"The email function answered in another form: {body[:100]!r}", fault=Fault.UNSURE
        )
    return answer


@lru_cache(maxsize=1)
def _client() -> Any:
    """boto3's client, made once in a process. It never tries again by itself: a slow invocation would send twice."""
    import boto3
    from botocore.config import Config

    once = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=current_app.config["OUTBOX_LANES"],
        user_agent="HMS",  # boto3's own, which tells of this machine, is put together anew twice for each call
    )
    return boto3.client("lambda", config=once)
