"""The rows of the table: what measures each, and under which setups."""

from collections.abc import Callable, Iterator

from bench.plan import Plan
from bench.results import Case
from bench.rows import booking, directory, growth, mails, memory, outside, pages, stampede, statements, weight
from bench.servers import Setup
from bench.stage import Stage

Row = Callable[[Stage, Setup], Iterator[Case]]

ORDINARY: dict[int, Row] = {
    1: booking.throughput,
    2: booking.latency,
    3: outside.stuck,
    4: stampede.one_time,
    5: pages.throughput,
    6: pages.latency,
    7: directory.against_its_sql,
    8: growth.by_slots,
    9: pages.tail,
}
"""Measured with two workers each."""

BY_WORKERS: dict[int, Row] = {1: booking.throughput, 5: pages.throughput}
"""Measured with other numbers of workers too."""

ONCE: dict[int, Callable[[Stage], Iterator[Case]]] = {
    10: statements.counts,
    11: memory.growth,
    12: weight.kilobytes,
    13: mails.draining,
}
"""Not measured under one setup after the other: the same under all, or under several at once."""


def acts(plan: Plan) -> Iterator[tuple[Setup, dict[int, Row]]]:
    """Each setup with the rows that are measured under it."""
    for server in plan.servers:
        for number in plan.workers:
            yield Setup(server, number), ORDINARY if number == 2 else BY_WORKERS
