"""gunicorn's configuration file: what HMS has it do differently. It imports nothing of HMS, so that a process that is
started at a reload loads all of it anew.

It goes on, and leaves its healthy processes alone, when one cannot load HMS: gunicorn by itself ends all of them when a
process exits with one of these codes; no process can have one beyond 255.

And it answers ``/healthz`` while all threads are taken, by what gunicorn's worker does not promise to keep: therefore
``setup.cfg`` holds it below its next minor version.
"""

import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from socket import MSG_DONTWAIT, MSG_PEEK
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import TConn, ThreadWorker

Arbiter.WORKER_BOOT_ERROR = 256 + 3
Arbiter.APP_LOAD_ERROR = 256 + 4

LARGEST_HEAD = 8192
BODY = b'{"status":"ok"}\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(
    BODY
)
ANSWERS = {b"GET /healthz ": HEAD + BODY, b"HEAD /healthz ": HEAD}


class HealthWorker(ThreadWorker):
    """Answers ``/healthz`` from its main loop while all threads are taken: each may wait for a database that is silent.

    Whoever connects then waits in the loop, and not for a thread, until the first line can be read.
    """

    taken = 0

    def enqueue_req(self, conn: TConn) -> None:
        """Hand the connection to a thread; if none is free, look first whether there is a need for one."""
        if self.taken >= self.cfg.threads:
            head = peek(conn)
            if head is None and not conn.initialized:
                self.wait_for_first_line(conn)
                return
            if head and (answer := answer_to(head)) and not is_read_ahead(conn):
                self.answer(conn, head, answer)
                return
        self.taken += 1
        super().enqueue_req(conn)

    def answer(self, conn: TConn, head: bytes, answer: bytes) -> None:
        """Take the request that was looked at, answer it, and hang up; nothing here waits for the other side."""
        with suppress(OSError):
            conn.sock.recv(len(head), MSG_DONTWAIT)
            conn.sock.send(answer, MSG_DONTWAIT)
        self.nr_conns -= 1
        conn.close()

    def wait_for_first_line(self, conn: TConn) -> None:
        """As gunicorn has those wait who have not said anything for some seconds."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def finish_request(self, conn: TConn, future: "Future[Any]") -> None:
        """A thread is free again."""
        self.taken -= 1
        super().finish_request(conn, future)


def peek(conn: TConn) -> bytes | None:
    """What can be read and is left to be read; None when there is nothing yet."""
    try:
        return conn.sock.recv(LARGEST_HEAD, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""  # a thread says what is wrong with it


def is_read_ahead(conn: TConn) -> bool:
    """Whether gunicorn has read a request already, which comes before what can be read now."""
    return conn.initialized and bool(conn.parser.unreader.buf.getvalue())


def answer_to(head: bytes) -> bytes | None:
    """The answer to a whole request for ``/healthz``; None for any other."""
    if not head.endswith(b"\r\n\r\n"):
        return None
    return next((answer for beginning, answer in ANSWERS.items() if head.startswith(beginning)), None)


worker_class = HealthWorker
