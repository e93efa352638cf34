"""Row 7: the directory against its own SQL."""

from collections.abc import Iterator

from bench import anchor, measure
from bench.results import Case, paired
from bench.rows.statements import recorded
from bench.servers import Setup
from bench.stage import Stage


def against_its_sql(stage: Stage, setup: Setup) -> Iterator[Case]:
    """The page by one connection, and what it asks of the database by one client of pgbench."""
    seconds, turns = stage.plan.seconds, stage.plan.turns
    site, product = stage.site(), stage.product(setup)
    script = recorded(site, "directory")
    measured = measure.in_turn(
        stage.plan.pairs,
        {
            "page p50": lambda: measure.pages(product, measure.directory(product), connections=1, seconds=seconds).p50,
            "SQL p50": lambda: anchor.statements(site.database, script, turns=turns).p50,
        },
    )
    yield paired(7, setup, "directory", measured)
