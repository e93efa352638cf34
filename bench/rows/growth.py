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
        for act in acts.values():
            act()
        measured = measure.in_turn(stage.plan.pairs, acts)
        smallest, *others = measured
        for size in others:
            yield paired(8, setup, f"{of}, {size}", {size: measured[size], smallest: measured[smallest]})


def _act(stage: Stage, product: Product, of: str) -> Callable[[], float]:
    seconds = max(1, stage.plan.seconds - 1)
    if of == "booking":
        return lambda: measure.book(product, connections=1, seconds=seconds).p50
    requests = measure.directory(product) if of == "directory" else measure.doctor_pages(product, signed_in=True)
    return lambda: partial(measure.pages, product, requests, connections=1, seconds=seconds)().p50
