"""Rows 1 and 2: bookings against the bare transaction."""

from collections.abc import Iterator

from bench import measure
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage


def throughput(stage: Stage, setup: Setup) -> Iterator[Case]:
    """Bookings a second by 16 connections, and bare transactions a second by 16 clients."""
    seconds, site, product = stage.plan.seconds, stage.site(), stage.product(setup)
    transactions = measure.ANCHORS_A_SECOND * seconds
    measure.book(product, seconds=1)
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "bookings a second": lambda: measure.book(product, seconds=seconds).rate,
            "bare transactions a second": lambda: measure.bare(site, transactions=transactions).rate,
        },
    )
    yield paired(1, setup, "booking", measured)


def latency(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The median time of a booking by one connection, and of a bare transaction by one client."""
    seconds, site, product = stage.plan.seconds, stage.site(), stage.product(setup)
    measure.book(product, connections=1, seconds=1)
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "booking p50": lambda: measure.book(product, connections=1, seconds=seconds).p50,
            "bare transaction p50": lambda: measure.bare(site, clients=1, transactions=stage.plan.turns).p50,
        },
    )
    yield paired(2, setup, "booking", measured)
