"""One process for each variant: it answers requests one after the other, and says what each of them took."""

import io
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication

from sqlalchemy import text
from werkzeug.test import EnvironBuilder

from bench.database import Database
from bench.stage import application
from bench.visitors import HOST
from hms.db import db

GOOD = ("200", "303", "409")
CPU_CLOCK = 2  # of clock_getcpuclockid(3), for which Python has no function


class Took(NamedTuple):
    """Seconds of a processor for one request: in Python, and in the database."""

    web: float
    database: float


class Failed(Exception):
    """A variant did not answer as it should."""


@contextmanager
def running(database: Database, ways: Mapping[str, Callable[[], None]]) -> Iterator[dict[str, Connection]]:
    """Processes that are sent requests and send back what each :class:`Took`, by the names of the ways."""
    context, ends = multiprocessing.get_context("fork"), {}
    for name, turn in ways.items():
        ends[name], theirs = context.Pipe()
        context.Process(target=_answer, args=(database, turn, theirs), daemon=True).start()
    try:
        yield ends
    finally:
        for end in ends.values():
            end.send(None)


def ask(end: Connection, requests: list[bytes]) -> list[Took]:
    """What each of these requests took. Raises :class:`Failed`."""
    end.send(requests)
    answer: list[Took] | str = end.recv()
    if isinstance(answer, str):
        raise Failed(answer)
    return answer


def _answer(database: Database, turn: Callable[[], None], end: Connection) -> None:
    turn()
    with application(database) as app:
        while requests := end.recv():
            try:
                with app.app_context():
                    backend = int(db.session.scalar(text("SELECT pg_backend_pid()")) or 0)
                end.send([_measure(app.wsgi_app, environ, backend) for environ in map(_environ, requests)])
            except Exception as error:  # whatever it is, the others go on
                end.send(f"{type(error).__name__}: {error}")


def _measure(app: WSGIApplication, environ: dict[str, Any], backend: int) -> Took:
    status: list[str] = []
    database, web = _processor_time(backend), time.process_time()
    answer: Any = app(environ, lambda line, *_: status.append(line) or bytearray().extend)  # type: ignore[func-returns-value]
    b"".join(answer)
    answer.close()
    took = Took(time.process_time() - web, _processor_time(backend) - database)
    if not status[0].startswith(GOOD):
        raise Failed(f"{environ['PATH_INFO']} answered {status[0]}")
    return took


def _processor_time(process: int) -> float:
    """The seconds that a process has had of a processor (Linux)."""
    return time.clock_gettime((~process << 3) | CPU_CLOCK)


def _environ(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    return EnvironBuilder(
        path,
        method=method,
        headers=headers,  # type: ignore[arg-type]
        input_stream=io.BytesIO(body),
        base_url=f"http://{HOST}",
    ).get_environ()
