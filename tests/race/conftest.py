"""What the tests of this folder share: a crowd that commits for real, and the invariants asked after each test."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from flask import Flask

from hms.db import db
from tests.race import invariants
from tests.race.crowd import Outcomes, Work, at_once


@pytest.fixture
def together(committing: Flask) -> Callable[[Sequence[Work]], Outcomes]:
    """``together([work, …])`` does all at once, each in a thread and a session of its own."""
    return partial(at_once, committing)


@pytest.fixture
def all_invariants_hold(committing: Flask) -> Iterator[None]:
    """Asked after the test, of what is stored then."""
    yield
    with db.engine.connect() as connection:
        assert invariants.broken(connection) == {}
