"""Many at once, with real threads and real commits."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from hms.db import db
from tests.race import invariants

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


@pytest.fixture
def together(committing: Flask) -> Callable[[list[Work]], Outcomes]:
    """``together([work, …])`` does all at once, each in a thread and a session of its own.

    A refusal is an answer like any other. Whatever else is raised is kept as well, so that a test that counts kinds
    sees it.
    """

    def together(works: list[Work]) -> Outcomes:
        start = threading.Barrier(len(works))

        def one(work: Work) -> Any:
            with committing.app_context():
                start.wait()
                try:
                    return work()
                except Exception as error:
                    return error

        with ThreadPoolExecutor(len(works)) as pool:
            return Outcomes(pool.map(one, works))

    return together


@pytest.fixture(autouse=True)
def all_invariants_hold(committing: Flask) -> Iterator[None]:
    """Asked after every test of this folder, of what is stored then."""
    yield
    with db.engine.connect() as connection:
        assert invariants.broken(connection) == {}
