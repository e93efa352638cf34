"""The web servers that HMS runs on, and how large each is."""

from typing import NamedTuple

HOST = "127.0.0.1"
NAMES = ("granian", "gunicorn")
THREADS = 2  # in each worker process


class Setup(NamedTuple):
    """A web server and how many worker processes it has."""

    server: str
    workers: int

    def __str__(self) -> str:
        return f"{self.server}, {self.workers} worker{'' if self.workers == 1 else 's'}"

    def settings(self) -> dict[str, str]:
        """What HMS is told of it."""
        return {"SERVER": self.server, "WEB_PROCESSES": str(self.workers), "WEB_THREADS": str(THREADS)}
