"""The outside world of a measurement: an email function that answers at once, or one that never does."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = b'{"ok": true}'


class _Function(BaseHTTPRequestHandler):
    """What AWS Lambda answers for a mail that was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # http.server calls it so
        """Say that it was sent."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server calls it so
        """Nobody reads it."""


@contextmanager
def answering() -> Iterator[Mapping[str, str]]:
    """The variables under which the worker finds a function that answers at once."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Function) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield _found_at(server.server_address[1])
        server.shutdown()
        thread.join()


@contextmanager
def black_hole() -> Iterator[Mapping[str, str]]:
    """The variables under which the worker finds a door that takes every connection and never says a word."""
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield _found_at(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


def _found_at(port: int) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
