"""How deep the long tests go: a short form in every run, the long one with ``HMS_TEST_DEPTH=full``."""

import os

import pytest
from hypothesis import HealthCheck, settings

SHARED = "TEST_DEPTH"  # how it is handed on: HMS does not start with a variable of its prefix that it does not know
DEPTHS = ("short", "full")

os.environ[SHARED] = os.environ.pop("HMS_TEST_DEPTH", "") or os.environ.get(SHARED, "short")
if os.environ[SHARED] not in DEPTHS:
    raise pytest.UsageError(f"HMS_TEST_DEPTH is one of {', '.join(DEPTHS)}, not {os.environ[SHARED]!r}.")
IS_FULL = os.environ[SHARED] == "full"


def depth(*, short: int, full: int) -> int:
    """How many of something this run tries: kills, rounds, messages."""
    return full if IS_FULL else short


def examples(*, short: int, full: int, **others: object) -> settings:
    """Settings for Hypothesis: so many examples, however slow the machine is. They are new ones in each full run."""
    return settings(
        max_examples=depth(short=short, full=full),
        deadline=None,
        database=None,
        derandomize=not IS_FULL,
        suppress_health_check=list(HealthCheck),
        **others,
    )
