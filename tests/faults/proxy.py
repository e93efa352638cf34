"""A way to PostgreSQL that can fall silent: it accepts, and no byte gets through any more in either direction."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL


class Proxy:
    """Listens on a socket and passes everything on to the server, until :meth:`fall_silent`."""

    def __init__(self, listener: socket.socket, server: tuple[socket.AddressFamily, str | tuple[str, int]]) -> None:
        self._listener, self._server = listener, server
        self._lets_through = threading.Event()
        self._lets_through.set()
        self._open: list[socket.socket] = []
        self._carriers: list[threading.Thread] = []
        self.accepted = 0
        listener.listen(64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def fall_silent(self) -> None:
        """From now on accept, and say nothing."""
        self._lets_through.clear()

    def speak(self) -> None:
        """Let new connections through; those that met with silence have theirs to the end."""
        self._lets_through.set()

    def close(self) -> None:
        """End everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for carrier in self._carriers:
            carrier.join()
        for one in (self._listener, *self._open):
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                self._open.append(client)
                if self._lets_through.is_set():
                    self._join(client)

    def _join(self, client: socket.socket) -> None:
        family, address = self._server
        server = socket.socket(family)
        server.connect(address)
        self._open.append(server)
        for pair in ((client, server), (server, client)):
            self._carriers.append(threading.Thread(target=self._carry, args=pair, daemon=True))
            self._carriers[-1].start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self._lets_through.is_set():
                    return  # both stay open, and nobody answers
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def standing_before(database: URL, *, folder: Path, kind: str) -> Iterator[tuple[Proxy, URL]]:
    """A proxy on TCP or on a Unix socket, and the database's address through it."""
    listener = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    if kind == "unix":
        listener.bind(str(folder / ".s.PGSQL.5432"))
        through = database.set(host=None, port=None).update_query_dict({"host": str(folder)})
    else:
        listener.bind(("127.0.0.1", 0))
        plain = database.difference_update_query(["host"])
        through = plain.set(host="127.0.0.1", port=listener.getsockname()[1])
    proxy = Proxy(listener, _where(database))
    yield proxy, through
    proxy.close()


def _where(database: URL) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    host = database.host or database.query.get("host") or "127.0.0.1"
    port = database.port or 5432
    if str(host).startswith("/"):
        return socket.AF_UNIX, f"{host}/.s.PGSQL.{port}"
    return socket.AF_INET, (str(host), port)
