"""Row 11: what one web worker holds after many requests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench import measure, wrk
from bench.product import Product
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage

CONNECTIONS = 8
SECONDS = 5  # between two counts
DIRECTORY_EVERY = 20  # requests: it takes ten times as long as the others, and is asked for less often


class Died(Exception):
    """The process that was watched is another one now."""


def growth(stage: Stage) -> Iterator[Case]:
    """The resident memory of the only worker after few requests of all kinds, and after many; all servers at once."""
    setups = [Setup(name, 1) for name in stage.plan.servers]
    products = [stage.product(setup) for setup in setups]
    with ThreadPoolExecutor() as pool:
        held = list(pool.map(lambda product: _watch(product, stage.plan.few, stage.plan.many), products))
    for setup, (few, many) in zip(setups, held, strict=True):
        measured = {f"bytes after {stage.plan.many:,}": [many], f"bytes after {stage.plan.few:,}": [few]}
        yield paired(11, setup, f"after {stage.plan.many:,} over after {stage.plan.few:,} requests", measured)


def _watch(product: Product, few: int, many: int) -> tuple[float, float]:
    """The bytes after few requests and after many. Raises :class:`Died`."""
    requests = _mixture(product)
    product.settle()
    sent = _send(product, requests, few)
    first, process = product.memory()
    _send(product, requests, many - sent)
    last, same_process = product.memory()
    if process != same_process:
        raise Died("The worker was replaced while its memory was watched.")
    return first, last


def _mixture(product: Product) -> list[bytes]:
    """Requests of all kinds, in turn."""
    kinds = (
        measure.doctor_pages(product, signed_in=True),
        measure.doctor_pages(product, signed_in=False),
        measure.own_appointments(product),
    )
    mixed = [request for several in zip(*kinds, strict=True) for request in several]
    for place in range(0, len(mixed), DIRECTORY_EVERY):
        mixed[place:place] = measure.directory(product)
    return mixed


def _send(product: Product, requests: list[bytes], count: int) -> int:
    """Send at least so many requests; answers how many were sent."""
    sent = 0
    while sent < count:
        seconds = 1 if count - sent < 1_000 else SECONDS
        sent += wrk.replay(product.port, requests, connections=CONNECTIONS, seconds=seconds).requests
    return sent
