"""Row 12: what a patient's page weighs in a browser."""

from collections.abc import Iterator

from bench import browser
from bench.clinic import DOCTOR, uuid_of
from bench.goals import Goal
from bench.results import Case
from bench.servers import Setup
from bench.stage import Stage

AGAIN = Goal(12, "kilobytes of a patient's page, visited again", 15, 10)
PAGES = {
    "landing page": ("/", False),
    "list of doctors": ("/doctors", False),
    "doctor's page": (f"/doctors/{uuid_of(DOCTOR, 0)}", False),
    "signing in": ("/login", False),
    "home": ("/patient/", True),
    "own appointments": ("/patient/appointments", True),
}
"""Where each page is, and whether one has to be signed in."""


def kilobytes(stage: Stage) -> Iterator[Case]:
    """What Chromium fetches for each page through nginx: with nothing kept, and once more with what it has kept."""
    setup = Setup(stage.plan.servers[0], 2)
    product = stage.product(setup)
    product.settle()
    with browser.behind_nginx(product) as served, browser.chromium(*served) as chromium:
        for of, (path, signed_in) in PAGES.items():
            first, again = browser.visits(chromium, path, signed_in=signed_in)
            yield Case(12, str(setup), f"{of}, first visit", [first])
            yield Case(12, str(setup), f"{of}, again", [again], goal=AGAIN)
