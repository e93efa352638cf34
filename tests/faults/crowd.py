"""Visitors on loopback who come again and again, each time over a connection of their own, and note how it went."""

import contextlib
import socket
import threading
from collections import Counter

from tests.waiting import GENEROUS_SECONDS, wait_until


def visit(port: int, path: str = "/healthz", *, host: str = "localhost") -> str:
    """Ask once. ``200`` and the like for a whole answer, ``refused`` when no connection came about, else what broke."""
    try:
        connection = connect(port)
    except OSError:
        return "refused"
    return ask(connection, path, host=host)


def connect(port: int) -> socket.socket:
    """A connection over which nothing has been said yet."""
    return socket.create_connection(("127.0.0.1", port), timeout=GENEROUS_SECONDS)


def ask(connection: socket.socket, path: str = "/healthz", *, host: str = "localhost") -> str:
    """The rest of a visit."""
    with connection:
        try:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            return type(error).__name__
    return _judge(answer)


def _judge(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        return "nothing came back"
    lengths = [line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    if lengths and int(lengths[0]) != len(body):
        return "cut short"
    return head.split()[1].decode()


class Crowd:
    """So many visitors at a time, from entering the ``with`` block to leaving it; ``outcomes`` counts how it went."""

    def __init__(self, port: int, *, paths: tuple[str, ...] = ("/healthz", "/"), size: int = 12) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port, self._paths = port, paths
        self._enough = threading.Event()
        self._visitors = [threading.Thread(target=self._come_again, args=(number,)) for number in range(size)]

    def __enter__(self) -> "Crowd":
        for visitor in self._visitors:
            visitor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for visitor in self._visitors:
            visitor.join()

    def _come_again(self, number: int) -> None:
        turn = number
        while not self._enough.is_set():
            outcome = visit(self._port, self._paths[turn % len(self._paths)])
            self.outcomes[outcome] += 1
            turn += 1
            if outcome == "refused":
                self._enough.wait(0.05)

    def wait_for(self, more: int) -> None:
        """Until so many more visits went well."""
        wanted = self.outcomes["200"] + more
        wait_until(lambda: self.outcomes["200"] >= wanted, what=f"so many are answered: {self.outcomes}")

    @property
    def failures(self) -> dict[str, int]:
        """Those who had connected and did not get a whole and good answer."""
        return {what: times for what, times in self.outcomes.items() if what not in ("200", "refused")}


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
