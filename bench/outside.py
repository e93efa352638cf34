"""The outside world of a measurement: an email function and Google, which answer after 40 ms, or never."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER_SECONDS = 0.04  # what a function in the same region takes to hand a mail on
TOKEN_PATH, CALENDAR_PATH = "/token", "/calendar/v3/"
SENT = b'{"ok": true}'
TOKEN = json.dumps({"access_token": "t" * 200, "expires_in": 3599, "token_type": "Bearer"}).encode()
EVENT = b'{"kind": "calendar#event", "status": "confirmed", '  # what Google adds to an event that it was given


class _World(BaseHTTPRequestHandler):
    """What AWS Lambda and Google answer to all that a booking lets leave the house."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: apart, the body would wait for an acknowledgement of the head

    def do_POST(self) -> None:  # http.server calls it so
        """Say that it was done."""
        answer = self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        time.sleep(ANSWER_SECONDS)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, asked: bytes) -> bytes:
        if self.path == TOKEN_PATH:
            return TOKEN
        if self.path.startswith(f"{CALENDAR_PATH}calendars/primary/events?"):
            return asked.replace(b"{", EVENT, 1)
        return SENT

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server calls it so
        """Nobody reads it."""


@contextmanager
def answering() -> Iterator[str]:
    """The address at which everything is answered after :data:`ANSWER_SECONDS`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _World) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield _address(server.server_address[1])
        server.shutdown()
        thread.join()


@contextmanager
def black_hole() -> Iterator[str]:
    """The address of a server that accepts every connection and never answers."""
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield _address(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def email(address: str) -> Mapping[str, str]:
    """The variables under which the worker finds the email function there."""
    return {
        "AWS_ENDPOINT_URL_LAMBDA": address,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


def google(address: str) -> Mapping[str, str]:
    """The variables under which HMS finds Google there: not in production, which takes Google's own address only."""
    return {
        "HMS_MODE": "testing",
        "HMS_GOOGLE_CLIENT_ID": "bench.apps.googleusercontent.test",
        "HMS_GOOGLE_CLIENT_SECRET": "bench-client-secret",
        "HMS_GOOGLE_TOKEN_URL": f"{address}{TOKEN_PATH}",
        "HMS_GOOGLE_CALENDAR_URL": f"{address}{CALENDAR_PATH}",
    }
