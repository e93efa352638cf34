"""Rows 5, 6 and 9: pages against an application that says hello, and their slowest answers."""

from collections.abc import Iterator
from dataclasses import replace

from bench import measure
from bench.goals import Goal
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage

WHO = {"by a patient": True, "by a visitor": False}
NEVER_SEEN = Goal(5, "doctor's page that nobody has seen yet, requests a second ÷ hello", 0, 0.07, at_least=True)


def throughput(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The doctor's page by 16 connections, a second."""
    seconds, product, hello = stage.plan.seconds, stage.product(setup), stage.hello(setup)
    for who, signed_in in WHO.items():
        requests = measure.doctor_pages(product, signed_in=signed_in)
        measure.pages(product, requests, seconds=1)
        measured = measure.in_turn(
            stage.plan.pairs,
            {
                "pages a second": lambda: measure.pages(product, requests, seconds=seconds).rate,  # noqa: B023
                "hellos a second": lambda: measure.hello(hello, seconds=seconds).rate,
            },
        )
        yield paired(5, setup, f"doctor's page {who}", measured)
    never_seen = measure.days_of_doctors(product)
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "pages a second": lambda: measure.pages(product, never_seen, seconds=seconds).rate,
            "hellos a second": lambda: measure.hello(hello, seconds=seconds).rate,
        },
    )
    yield replace(paired(5, setup, "doctor's page, each time another one", measured), goal=NEVER_SEEN)


def latency(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The median time of a doctor's page by one connection."""
    seconds, product, hello = stage.plan.seconds, stage.product(setup), stage.hello(setup)
    for who, signed_in in WHO.items():
        requests = measure.doctor_pages(product, signed_in=signed_in)
        measured = measure.in_turn(
            stage.plan.pairs,
            {
                "page p50": lambda: measure.pages(product, requests, connections=1, seconds=seconds).p50,  # noqa: B023
                "hello p50": lambda: measure.hello(hello, connections=1, seconds=seconds).p50,
            },
        )
        yield paired(6, setup, f"doctor's page {who}", measured)


def tail(stage: Stage, setup: Setup) -> Iterator[Case]:
    """How much slower the slowest hundredth of the answers is."""
    product = stage.product(setup)
    kinds = {
        "directory": measure.directory(product),
        "doctor's page": measure.doctor_pages(product, signed_in=True),
        "own appointments": measure.own_appointments(product),
    }
    for of, requests in kinds.items():
        measure.pages(product, requests, seconds=1)
        loads = [measure.pages(product, requests, seconds=stage.plan.seconds) for _ in range(stage.plan.pairs)]
        measured = {"p99": [load.p99 for load in loads], "p50": [load.p50 for load in loads]}
        yield paired(9, setup, of, measured)
