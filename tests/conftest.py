"""What every test can ask for. The fixtures stand in ``tests/fixtures``, one file a concern."""

import os
import signal
import sys

import pytest

# A run that a shell started in the background ignores Ctrl-C, and so would the programs that tests start and end by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hundreds of programs are started here: what they import is compiled once, even where a shell wants nothing kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

pytest.register_assert_rewrite(
    "tests.fixtures", "tests.pages", "tests.make", "tests.race.invariants", "tests.calendar.mirror"
)

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.time",
    "tests.fixtures.web",
    "tests.fixtures.cast",
    "tests.fixtures.mail",
    "tests.fixtures.portal",
]

LONG = ("tests/test_hostile_input.py", "tests/test_cost.py", "tests/authz/", "tests/browser/", "tests/bench/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process is left with one of them when the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
