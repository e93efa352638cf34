"""Row 4: twenty patients want one time at the same moment."""

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

from bench import measure
from bench.clinic import SLOT, uuid_of
from bench.goals import Goal
from bench.product import Product
from bench.results import Case, paired
from bench.servers import HOST, Setup
from bench.stage import Stage

CLIENTS = 20
TIMEOUT_SECONDS = 30
WARMING = 2  # rounds that nobody counts: each process reads the templates of a refusal once
ONE_ROW = Goal(4, "20 patients want one time: rows in the database", 1, 1)
ONE_YES = Goal(4, "20 patients want one time: how many are told yes", 1, 1)
NO_5XX = Goal(4, "20 patients want one time: answers of 5xx", 0, 0)


class Answer(NamedTuple):
    """One client's answer: its status, and when it was asked for and given, on the same clock."""

    status: int
    asked: float
    given: float


class Round(NamedTuple):
    """What became of one time: rows in the database, clients told yes, answers of 5xx, seconds to the last answer."""

    rows: int
    yes: int
    broken: int
    seconds: float


def one_time(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The truth in the database and in the answers, and how long the last of them waited."""
    product = stage.product(setup)
    p50 = measure.book(product, connections=1, seconds=1).p50
    product.ledger.free_everything()
    for number in range(WARMING):
        one_round(product, number)
    rounds = [one_round(product, WARMING + number) for number in range(stage.plan.rounds)]
    product.ledger.free_everything()
    if any(one.rows != 1 or one.yes != 1 for one in rounds):
        raise measure.Untrue(f"Not exactly one of {CLIENTS} got the time: {rounds}")
    for goal, counts in (
        (ONE_ROW, [one.rows for one in rounds]),
        (ONE_YES, [one.yes for one in rounds]),
        (NO_5XX, [max(one.broken for one in rounds)]),
    ):
        yield Case(4, str(setup), goal.words.partition(": ")[2], counts, goal=goal)
    seconds = {"last answer": [one.seconds for one in rounds], "one booking": [p50] * len(rounds)}
    yield paired(4, setup, "time to the last answer", seconds)


def one_round(product: Product, number: int) -> Round:
    """Twenty patients ask for the last time of this doctor at once."""
    slot = product.clinic.contested[number]
    patients = range(number * CLIENTS, (number + 1) * CLIENTS)
    requests = [product.desk.book(slot, patient=patient % product.clinic.patients) for patient in patients]
    start = Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda request: _ask(product.port, request, start), requests))
    return Round(
        rows=_rows(product, slot),
        yes=sum(answer.status == http.HTTPStatus.SEE_OTHER for answer in answers),
        broken=sum(answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR for answer in answers),
        seconds=max(answer.given for answer in answers) - min(answer.asked for answer in answers),
    )


def _ask(port: int, request: bytes, start: Barrier) -> Answer:
    with socket.create_connection((HOST, port), TIMEOUT_SECONDS) as connection:
        start.wait(TIMEOUT_SECONDS)
        asked = time.perf_counter()
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return Answer(response.status, asked, time.perf_counter())


def _rows(product: Product, slot: int) -> int:
    held = "SELECT count(*) FROM appointments WHERE slot_id = %s::uuid AND status <> 'cancelled'"
    with product.database.connected() as link, link.cursor() as cursor:
        cursor.execute(held, (str(uuid_of(SLOT, slot)),))
        return int((cursor.fetchone() or (0,))[0])
