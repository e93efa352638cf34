"""A stand-in to ask, and its clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.standins.asking import ASHA
from tests.standins.google import Google, served


class Clock:
    """The stand-in's clock, which a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def google(clock) -> Iterator[Google]:
    """A Google with one account."""
    with served(now=clock) as google:
        google.add_account(ASHA)
        yield google
