"""Many at once: real threads, a session and a connection for each, started at one moment."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from tests.waiting import GENEROUS_SECONDS

Work = Callable[[], Any]


class Outcomes(list):
    """What each piece of work answered: a value, or the exception it ended with."""

    @property
    def kinds(self) -> Counter[str]:
        """How many there are of each kind of answer, by the name of its class."""
        return Counter(type(outcome).__name__ for outcome in self)

    def of(self, kind: type) -> list:
        """The answers of one kind."""
        return [outcome for outcome in self if isinstance(outcome, kind)]


def at_once(app: Flask, works: Sequence[Work]) -> Outcomes:
    """Do all at once, each in a thread and an application context of its own.

    Whatever is raised, a refusal or a crash, is kept as that work's answer, so that a test which counts kinds sees it.
    """
    start = threading.Barrier(len(works))

    def one(work: Work) -> Any:
        with app.app_context():
            start.wait(GENEROUS_SECONDS)
            try:
                return work()
            except Exception as error:
                return error

    with ThreadPoolExecutor(len(works)) as pool:
        return Outcomes(pool.map(one, works, timeout=GENEROUS_SECONDS))
