"""The two endpoints that callers use: Lambda's Invoke API, and POST /dev/send-email for a person with curl.

Nobody signs in at either, so they open on the loopback interface only, and not for a web page that a browser on this
machine happens to show: requests with an Origin, or for another Host, are refused.
"""

import json
import threading
from urllib.parse import unquote, urlsplit

from email_lambda.local.environment import Outcome
from email_lambda.local.function import Function, Throttled
from email_lambda.local.wire import BadBody, Handler, Server

INVOKE_PREFIX = "/2015-03-31/functions/"
HTTP_PATH = "/dev/send-email"
_OUR_HOSTS = frozenset({"127.0.0.1", "localhost"})
_JSON = {"Content-Type": "application/json"}


class InvokeHandler(Handler):
    """One connection to a function."""

    timeout = 30  # seconds of silence, then the connection is closed
    server: Server[Function]

    def do_GET(self) -> None:  # noqa: N802  (the name is http.server's)
        """Nothing can be read here."""
        self.answer(405, _said("Send a POST request."), _JSON)

    def do_POST(self) -> None:  # noqa: N802  (the name is http.server's)
        """Invoke the function, in AWS's way or in API Gateway's."""
        try:
            body = self.read_body()
        except BadBody as problem:
            self.close_connection = True
            return self.answer(problem.status, _said(str(problem)), {**_JSON, "Connection": "close"})
        if not self._is_from_here():
            return self.answer(403, _said("This endpoint is for programs on this machine."), _JSON)
        path = urlsplit(self.path).path
        if path.startswith(INVOKE_PREFIX) and path.endswith("/invocations"):
            return self._invoke(unquote(path[len(INVOKE_PREFIX) : -len("/invocations")]), body or b"{}")
        if path == HTTP_PATH:
            return self._send_email(body)
        return self.answer(404, _said("There is no such endpoint."), _JSON)

    def _is_from_here(self) -> bool:
        host = urlsplit("//" + self.headers.get("Host", "")).hostname
        return host in _OUR_HOSTS and "Origin" not in self.headers

    def _invoke(self, name: str, payload: bytes) -> None:
        if _short_name(name) != self.server.subject.name:
            return self._aws_error(404, "ResourceNotFoundException", f"Function not found: {_short_name(name)!a}")
        if not _is_json(payload):
            return self._aws_error(400, "InvalidRequestContentException", "Could not parse request body into json")
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return self.answer(204)
        if kind == "Event":
            threading.Thread(target=_forget, args=(self.server.subject, payload), daemon=True).start()
            return self.answer(202)
        return self._answer_outcome(payload)

    def _answer_outcome(self, payload: bytes) -> None:
        try:
            outcome = self.server.subject.invoke(payload)
        except Throttled:
            return self._aws_error(429, "TooManyRequestsException", "Rate Exceeded.")
        failed = {"X-Amz-Function-Error": outcome.error} if outcome.error else {}
        return self.answer(200, outcome.body, {**_JSON, "X-Amz-Executed-Version": "$LATEST", **failed})

    def _aws_error(self, status: int, kind: str, sentence: str) -> None:
        body = json.dumps({"Type": "User", "Message": sentence}).encode()
        self.answer(status, body, {**_JSON, "x-amzn-ErrorType": kind})

    def _send_email(self, body: bytes) -> None:
        try:
            outcome = self.server.subject.invoke(json.dumps(_proxy_event(body)).encode())
        except Throttled:
            return self.answer(429, _said("The function is busy; try again."), _JSON)
        return self.answer(*_proxy_response(outcome))


def _forget(function: Function, payload: bytes) -> None:
    """Invoke without a caller who waits. Nothing is repeated: the deployed function has no retries either."""
    try:
        function.invoke(payload)
    except Throttled:
        return


def _short_name(name: str) -> str:
    """Return the function's name from a name, name:qualifier or ARN."""
    parts = name.split(":")
    return parts[6] if len(parts) > 6 and parts[0] == "arn" else parts[0]


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True


def _proxy_event(body: bytes) -> dict[str, object]:
    """Return the event that API Gateway makes of a request, as far as the handler looks at it."""
    text = body.decode("utf-8", "replace")
    return {"httpMethod": "POST", "path": "/send-email", "body": text, "isBase64Encoded": False}


def _proxy_response(outcome: Outcome) -> tuple[int, bytes, dict[str, str]]:
    if outcome.error:
        return 502, _said("Internal server error"), _JSON
    response = json.loads(outcome.body)
    return response["statusCode"], response["body"].encode(), response["headers"]


def _said(sentence: str) -> bytes:
    return json.dumps({"message": sentence}).encode()
