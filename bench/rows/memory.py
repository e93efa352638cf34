"""Row 11: what one web worker holds after many requests."""

from collections.abc import Iterator

from bench import measure, wrk
from bench.product import Product
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage

SECONDS = 5  # between two counts


class Died(Exception):
    """The process that was watched is another one now."""


def growth(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The resident memory of the only worker after few requests of all kinds, and after many."""
    plan, product = stage.plan, stage.product(setup)
    few, first = _after(product, plan.few)
    many, last = _after(product, plan.many - plan.few)
    if first != last:
        raise Died("The worker was replaced while its memory was watched.")
    bytes_after = {f"after {plan.many:,}": [many], f"after {plan.few:,}": [few]}
    yield paired(11, setup, f"{plan.many:,} over {plan.few:,} requests", bytes_after)


def _after(product: Product, count: int) -> tuple[int, int]:
    """The bytes and the process after at least ``count`` more requests."""
    kinds = (
        measure.directory(product) * measure.PAGES,
        measure.doctor_pages(product, signed_in=True),
        measure.doctor_pages(product, signed_in=False),
        measure.own_appointments(product),
    )
    mixed = [request for several in zip(*kinds, strict=True) for request in several]
    while count > 0:
        product.settle()
        seconds = 1 if count < 2_000 else SECONDS
        count -= wrk.replay(product.port, mixed, connections=measure.CONNECTIONS, seconds=seconds).requests
    return product.memory()
