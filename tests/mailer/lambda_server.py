"""Lambda's Invoke API as it misbehaves: a server that answers as it is told, or not at all."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

OK = json.dumps({"ok": True, "retryable": False, "error": None, "fault": None}).encode()


class Answer(NamedTuple):
    """What a call is answered. With ``cut`` the connection ends after so many bytes of the body."""

    status: int = 200
    body: bytes = OK
    function_error: str = ""
    cut: int | None = None


class LambdaServer(ThreadingHTTPServer):
    """Keeps the events that arrive; gives the ``answers`` in order, and a plain yes when there is none left."""

    daemon_threads = True

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.answers: list[Answer] = []
        super().__init__(("127.0.0.1", 0), _Door)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Door(BaseHTTPRequestHandler):
    server: LambdaServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""

    def do_POST(self) -> None:  # the base class's name
        """Keep the event and answer as told."""
        self.server.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = self.server.answers.pop(0) if self.server.answers else Answer()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.function_error:
            self.send_header("X-Amz-Function-Error", answer.function_error)
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        self.close_connection = answer.cut is not None


@contextmanager
def serving() -> Iterator[LambdaServer]:
    """A server for the time of the block."""
    server = LambdaServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
