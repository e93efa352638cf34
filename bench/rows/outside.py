"""Row 3: bookings while nobody takes the mail, and Google does not answer."""

import time
from collections.abc import Iterator

from bench import calendars, measure, visitors
from bench.product import Product
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage

TOLD_SECONDS = 60  # for a worker that was at rest to load what speaks to Google, get a token, and tell of an event
BOOKINGS = 4  # each by another patient at another doctor; half of the doctors have connected a calendar


def stuck(stage: Stage, setup: Setup) -> Iterator[Case]:
    """Bookings a second of two products of one size, of which one's mail and Google are a black hole.

    Raises :class:`bench.measure.Untrue` as :func:`ensure_told` does.
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
    ensure_told(normal, stuck)
    yield paired(3, setup, "booking", measured)


def ensure_told(normal: Product, stuck: Product) -> None:
    """Book a little more, and give the workers time, which they hardly get beside sixteen patients who book.

    Raises :class:`bench.measure.Untrue` unless Google was told of bookings by ``normal``, and only by it.
    """
    for product in (stuck, normal):
        _book_a_little(product)
    give_up_at = time.monotonic() + TOLD_SECONDS
    while not calendars.are_told(normal.database):
        if time.monotonic() > give_up_at:
            raise measure.Untrue("Google was not told of bookings where it answers.")
        time.sleep(0.1)
    if calendars.are_told(stuck.database):
        raise measure.Untrue("Google was told of bookings where it never answers.")
    for product in (stuck, normal):
        product.settle()


def _book_a_little(product: Product) -> None:
    slots = product.ledger.take(BOOKINGS)
    answers = [visitors.send(product.port, request) for request in product.desk.bookings(slots, product.clinic)]
    booked = product.ledger.settle(slots)
    if booked != BOOKINGS:
        raise measure.Untrue(f"Of {BOOKINGS} bookings, {booked} are in the database; they were answered {answers}.")
