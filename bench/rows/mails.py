"""Row 13: how fast mails leave, and what bookings have left of the machine meanwhile."""

from collections.abc import Iterator
from dataclasses import replace

from bench import mails, measure
from bench.goals import Goal
from bench.results import Case, paired
from bench.servers import Setup
from bench.stage import Stage

BACKLOG = 10_000
MEANWHILE = Goal(
    13, "bookings a second while 10,000 mails wait ÷ bare transactions a second", 0.20, 0.35, at_least=True
)


def draining(stage: Stage) -> Iterator[Case]:
    """Mails a second by one worker whose email function takes 40 ms; and bookings while it has 10,000 to send."""
    setup, plan = Setup(stage.plan.servers[0], 2), stage.plan
    site, product = stage.site(), stage.product(setup)
    mails.drain(product, 20)
    rates = [mails.drain(product, plan.mails) for _ in range(plan.pairs)]
    yield Case(13, str(setup), "mails, nobody at the pages", rates, {"mails a second": rates})
    transactions = measure.ANCHORS_A_SECOND * plan.seconds
    measured = measure.in_turn(
        plan.pairs,
        {
            "bookings a second": lambda: measure.book(product, seconds=plan.seconds, backlog=BACKLOG).rate,
            "bare transactions a second": lambda: measure.bare(site, transactions=transactions).rate,
        },
    )
    yield replace(paired(13, setup, "booking while mails leave", measured), goal=MEANWHILE)
