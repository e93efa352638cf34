"""Visitors who send and read as slowly as they can, and how long all others wait meanwhile."""

import socket
import statistics
import threading
import time
from contextlib import suppress

from deploy.visitor import Visitor

HEAD = b"%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
GIVE_UP_SECONDS = 20.0


class SlowVisitors:
    """So many connections that send a byte a second: of the head, of the body, and ones that do not read the answer."""

    def __init__(self, port: int, *, number: int = 250) -> None:
        self._port, self._number = port, number
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._trickle)

    def __enter__(self) -> "SlowVisitors":
        self._open = [self._begin(number) for number in range(self._number)]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _begin(self, number: int) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.settimeout(0.2)
        with suppress(OSError):
            connection.connect(("127.0.0.1", self._port))
            connection.sendall(
                (
                    HEAD % b"GET /doctors" + b"X-Slow: ",
                    HEAD % b"POST /login" + BODY + b"email=",
                    HEAD % b"GET /doctors" + b"\r\n",
                )[number % 3]
            )
        return connection

    def _trickle(self) -> None:
        while not self._enough.wait(1):
            for number, connection in enumerate(self._open):
                if number % 3 < 2:
                    with suppress(OSError):
                        connection.send(b"a")


def waiting_times(port: int, *, visits: int = 100, path: str = "/doctors") -> list[float]:
    """How many seconds each of so many visits in a row took, sorted; who waits for 20 seconds gives up for all."""
    times: list[float] = []
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while len(times) < visits and time.monotonic() < give_up_at:
        began = time.monotonic()
        with suppress(OSError):
            Visitor(port, read_timeout_seconds=GIVE_UP_SECONDS).get(path)
        times.append(time.monotonic() - began)
    return sorted(times)


def p99(times: list[float]) -> float:
    """The time that one in a hundred exceeds."""
    return statistics.quantiles(times, n=100)[98] if len(times) > 1 else times[0]
