"""Row 3: bookings while nobody takes the mail, and Google does not answer."""

from collections.abc import Iterator

from bench import calendars, measure
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage


def stuck(stage: Stage, setup: Setup) -> Iterator[Case]:
    """Bookings a second of two products of one size, of which one's mail and Google are a black hole.

    Raises :class:`bench.measure.Untrue` unless Google was told of bookings by the other one, and only by it.
    """
    seconds, normal, stuck = stage.plan.seconds, stage.connected(setup, "normal"), stage.connected(setup, "stuck")
    for product in (normal, stuck):
        measure.book(product, seconds=1)
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "in a black hole": lambda: measure.book(stuck, seconds=seconds).rate,
            "normal": lambda: measure.book(normal, seconds=seconds).rate,
        },
    )
    if not calendars.are_told(normal.database) or calendars.are_told(stuck.database):
        raise measure.Untrue("Google was not told of bookings where it answers, or was where it never does.")
    yield paired(3, setup, "booking", measured)
