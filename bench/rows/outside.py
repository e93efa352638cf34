"""Row 3: bookings while nobody takes the mail."""

from collections.abc import Iterator

from bench import measure
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage


def stuck(stage: Stage, setup: Setup) -> Iterator[Case]:
    """Bookings a second of two products of one size, of which one's mail goes into a black hole."""
    seconds, normal = stage.plan.seconds, stage.product(setup, slots=stage.plan.sizes[0])
    stuck = stage.stuck(setup)
    for product in (normal, stuck):
        measure.book(product, seconds=1)
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "with mail in a black hole": lambda: measure.book(stuck, seconds=seconds).rate,
            "normal": lambda: measure.book(normal, seconds=seconds).rate,
        },
    )
    yield paired(3, setup, "booking", measured)
