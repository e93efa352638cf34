"""What both little HTTP servers share: bounded bodies, whole answers, no lingering connections."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Generic, TypeVar

# Lambda itself takes 6 MB; a mail with its calendar file is far below this.
BODY_LIMIT = 1024 * 1024
LOOPBACK = "127.0.0.1"
Subject = TypeVar("Subject")


class BadBody(Exception):
    """The request's body cannot be read. The status is what to answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Server(ThreadingHTTPServer, Generic[Subject]):
    """A server on the loopback interface for one subject, which its handlers ask; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler], subject: Subject) -> None:
        self.subject = subject
        super().__init__((LOOPBACK, port), handler)

    def server_bind(self) -> None:
        """Bind without the name look-up that HTTPServer makes, which can take seconds where there is no DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    """One connection. Without the two settings below every hop would take 44 ms longer (Nagle against delayed ACK)."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the handler logs what matters."""

    def read_body(self) -> bytes:
        """Return the request's body, or raise BadBody."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()):
            raise BadBody(400, "Content-Length must be a number.")
        return self._read_exactly(int(length))

    def _read_chunks(self) -> bytes:
        body = b""
        while size := self._chunk_size():
            body += self._read_exactly(size, after=len(body))
            self.rfile.readline(4)
        self.rfile.readline(4)
        return body

    def _chunk_size(self) -> int:
        try:
            return int(self.rfile.readline(20).strip(), 16)
        except ValueError:
            raise BadBody(400, "The chunks of the body cannot be read.") from None

    def _read_exactly(self, length: int, *, after: int = 0) -> bytes:
        if not 0 <= length <= BODY_LIMIT - after:
            raise BadBody(413, f"The body is longer than {BODY_LIMIT} bytes.")
        body = self.rfile.read(length)
        if len(body) < length:
            raise BadBody(400, "The body is shorter than its Content-Length.")
        return body

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send one whole response."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
