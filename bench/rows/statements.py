"""Row 10: how many SQL statements a request takes; and, for the hot ones, how the database finds the answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import event

from bench.clinic import DOCTOR, uuid_of
from bench.goals import Goal
from bench.product import SECRET_KEY
from bench.results import Case
from bench.stage import Site, Stage, application
from bench.visitors import HOST, Desk
from bench.wrk import Failed
from hms.db import db

HOT = ("directory", "doctor's page", "booking")
GOALS = {
    "directory": Goal(10, "SQL statements of the directory", 4, 2),
    "doctor's page": Goal(10, "SQL statements of a doctor's page", 4, 2),
    "booking": Goal(10, "SQL statements of a booking", 8, 4),
    "own appointments": Goal(10, "SQL statements of a patient's own appointments", 4, 2),
}


class Statement(NamedTuple):
    """A statement as it was sent, and how many seconds it took."""

    text: str
    seconds: float


def counts(stage: Stage) -> Iterator[Case]:
    """The statements of one request of each kind, by a patient who is signed in."""
    for of, goal in GOALS.items():
        number = len(of_patient(stage.site(), of))
        yield Case(10, "any", of, [float(number)], goal=goal)


def recorded(site: Site, of: str) -> list[str]:
    """The statements of one request of this kind by a visitor, as they were sent."""
    return [statement.text for statement in _statements(site, of, patient=None)]


def of_patient(site: Site, of: str) -> list[str]:
    """The statements of one request of this kind by a patient who is signed in, as they were sent."""
    return [statement.text for statement in _statements(site, of, patient=1)]


def plans(site: Site) -> dict[str, str]:
    """The query of each hot request that takes longest, or that locks, and EXPLAIN of it."""
    return {of: _plan(site, of) for of in HOT}


def _plan(site: Site, of: str) -> str:
    queries = [statement for statement in _statements(site, of, patient=1) if statement.text.startswith("SELECT")]
    hot = max(queries, key=lambda statement: ("FOR NO KEY UPDATE" in statement.text, statement.seconds)).text
    site.ledger.free_everything()  # so that a booking finds its time free again
    with site.database.connected() as link, link.cursor() as cursor:
        for _ in ("learns what the tables are", "knows"):
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {hot}")
        lines = [str(line) for (line,) in cursor.fetchall()]
    return "\n".join([hot, "", *lines])


def _statements(site: Site, of: str, *, patient: int | None) -> list[Statement]:
    """What a second request of this kind sends: the first one fills what a process keeps."""
    site.ledger.settle_down()  # who was not here for a minute is noted, by a statement that most requests do without
    with application(site.database) as app:
        send(app, _request(site, of, patient))
        with _listening(app) as heard:
            send(app, _request(site, of, patient))
    return heard


def _request(site: Site, of: str, patient: int | None) -> bytes:
    desk = Desk(SECRET_KEY)
    if of == "booking":
        (slot,) = slots = site.ledger.take(1)
        site.ledger.pass_over(slots)
        return desk.book(slot, patient=site.clinic.patient(slot))
    paths = {
        "directory": "/doctors",
        "doctor's page": f"/doctors/{uuid_of(DOCTOR, 1)}",
        "own appointments": "/patient/appointments",
    }
    return desk.get(paths[of], patient=patient)


def send(app: Flask, request: bytes) -> None:
    """Let the application answer a request, byte for byte as a server would. Raises :class:`Failed` if it refuses."""
    head, _, body = request.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    client = app.test_client(use_cookies=False)
    answer = client.open(path, method=method, headers=headers, data=body, base_url=f"http://{HOST}")
    if answer.status_code not in (200, 303):
        raise Failed(f"{method} {path} answered {answer.status}.")


@contextmanager
def _listening(app: Flask) -> Iterator[list[Statement]]:
    heard: list[Statement] = []
    begun = [0.0]

    def begin(*_: Any) -> None:
        begun[0] = time.perf_counter()

    def end(_connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent = cursor.mogrify(statement, values or None).decode()
        heard.append(Statement(sent, time.perf_counter() - begun[0]))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    yield heard
    event.remove(engine, "before_cursor_execute", begin)
    event.remove(engine, "after_cursor_execute", end)
