"""The function's entry: handle(event, context). Checks the event, renders it, sends it, and always answers.

It answers ``{"ok", "retryable", "error", "fault"}`` to an invocation through the Lambda API, and the same as JSON with
a status (200, 400, 405, 422 or 503) to a request through API Gateway. It does not raise: a raised error looks like a
success to a caller who reads only the status code, and hangs serverless-offline.
"""

import base64
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from email_lambda import messages, settings
from email_lambda.answers import SENT, Answer, Failure, MayHaveBeenSent, Misconfigured, Refused, TryLater
from email_lambda.compose import compose
from email_lambda.deadline import Deadline
from email_lambda.delivery import send
from email_lambda.store import once


class _ToStderr(logging.Handler):
    """Writes to whatever stderr is at that moment. Never stdout: under serverless-offline that is the wire."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        sys.stderr.write(self.format(record) + "\n")


def _logger() -> logging.Logger:
    logger = logging.getLogger("email_lambda")
    if not logger.handlers:
        handler = _ToStderr()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger


log = _logger()


def handle(event: Any, context: object) -> Mapping[str, Any]:
    """Answer one event, from boto3's invoke or from API Gateway."""
    deadline = Deadline.of(context)
    if isinstance(event, dict) and "httpMethod" in event:
        return _http_response(event, deadline)
    return process(event, deadline)


def process(event: object, deadline: Deadline | None = None) -> Answer:
    """Send what the event asks for and say how it went. The log gets the type and the message id, nothing else."""
    label = messages.label(event)
    try:
        sent = _deliver(messages.read(event), deadline or Deadline.of(None))
    except Failure as failure:
        log.log(_level(failure), "%s %s: %s", label, _outlook(failure), failure)
        return failure.answer()
    except Exception as bug:
        where = traceback.extract_tb(bug.__traceback__)[-1]
        # Not log.exception: the text of an exception may quote the data.
        log.error("%s not sent, our fault: %s at %s:%s", label, type(bug).__name__, where.filename, where.lineno)
        return TryLater(f"The email function failed unexpectedly ({type(bug).__name__}).").answer()
    log.info("%s %s", label, "sent" if sent else "was sent before")
    return SENT


def _deliver(message: messages.Message, deadline: Deadline) -> bool:
    configuration = settings.from_environment()
    mail = compose(message, configuration)
    return once(
        message.message_id,
        lambda: send(mail, to=message.to, settings=configuration, deadline=deadline, tag=message.return_tag),
    )


def _level(failure: Failure) -> int:
    return logging.ERROR if isinstance(failure, Misconfigured) else logging.WARNING


def _outlook(failure: Failure) -> str:
    if isinstance(failure, MayHaveBeenSent):
        return "may have been sent"
    return "not sent, worth another try" if failure.retryable else "not sent, for good"


def _http_response(event: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    if event["httpMethod"] != "POST":
        return _response(405, _refusal("Send a POST request with a JSON body."))
    try:
        body = json.loads(_body(event))
    except (ValueError, RecursionError):
        return _response(400, _refusal("The body must be JSON."))
    answer = process(body, deadline)
    if answer["ok"]:
        return _response(200, answer)
    return _response(503 if answer["retryable"] else 422, answer)


def _body(event: Mapping[str, Any]) -> str:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True).decode()
    return str(body)


def _refusal(sentence: str) -> Answer:
    return Refused(sentence).answer()


def _response(status: int, answer: Answer) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(answer), "isBase64Encoded": False}
