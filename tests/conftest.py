"""What every test can ask for. The fixtures stand in ``tests/fixtures``, one file a concern."""

import pytest

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
