"""The embedded PostgreSQL, with databases that the bench makes and fills."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection
from sqlalchemy import URL, make_url

from hms.devtools import postgres


@dataclass(frozen=True)
class Database:
    """A database on the embedded server, as its owner sees it."""

    url: URL

    @property
    def address(self) -> str:
        """For ``HMS_DATABASE_URL``, and for every program that uses libpq."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def connected(self) -> Iterator[connection]:
        """A connection that commits each statement by itself."""
        link = psycopg2.connect(self.address)
        link.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        try:
            yield link
        finally:
            link.close()


class Server:
    """The embedded server, as the one who may make databases sees it."""

    def __init__(self, url: URL, folder: Path):
        self._url = url
        self.folder = folder

    def make(self, name: str) -> Database:
        """A new, empty database of the product's role."""
        with Database(self._url.set(username="postgres", database="postgres")).connected() as link:
            link.cursor().execute(f"CREATE DATABASE {name} OWNER {self._url.username}")
        return Database(self._url.set(database=name))

    def version(self) -> str:
        """``18.6``."""
        with Database(self._url).connected() as link:
            number = link.server_version
        return f"{number // 10_000}.{number % 10_000}"


@contextmanager
def server() -> Iterator[Server]:
    """A server in a folder that is removed afterwards."""
    # The server's guard may still be looking for its lock files there while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="hms-bench-", ignore_cleanup_errors=True) as folder:
        embedded = postgres.start(Path(folder))
        try:
            yield Server(make_url(embedded.url), Path(folder))
        finally:
            embedded.stop()
