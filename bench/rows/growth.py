"""Row 8: how the cost grows with the number of slots."""

from collections.abc import Callable, Iterator
from functools import partial

from bench import measure
from bench.product import Product
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage


def by_slots(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The median times by one connection at each size, over those at the smallest."""
    for of in ("directory", "doctor's page", "booking"):
        acts = {f"{slots:,} slots": _act(stage, stage.product(setup, slots=slots), of) for slots in stage.plan.sizes}
        for slots in stage.plan.sizes:
            _warm(stage.product(setup, slots=slots), of)
        measured = measure.in_turn(stage.plan.pairs, acts)
        smallest, *others = measured
        for size in others:
            yield paired(8, setup, f"{of}, {size}", {size: measured[size], smallest: measured[smallest]})


def _warm(product: Product, of: str) -> None:
    """Have every process of the product draw what is asked for, or book: one connection reaches one of them alone."""
    if of == "booking":
        measure.book(product, seconds=1)
    else:
        measure.pages(product, _requests(product, of), seconds=2)


def _act(stage: Stage, product: Product, of: str) -> Callable[[], float]:
    seconds = max(1, stage.plan.seconds - 1)
    if of == "booking":
        return lambda: measure.book(product, connections=1, seconds=seconds).p50
    requests = _requests(product, of)
    return lambda: partial(measure.pages, product, requests, connections=1, seconds=seconds)().p50


def _requests(product: Product, of: str) -> list[bytes]:
    return measure.directory(product) if of == "directory" else measure.doctor_pages(product, signed_in=True)
