"""The two depths of the tests themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import depth

ROOT = Path(__file__).parents[1]
TOLD = "import os; from tests import depth; print(depth.depth(short=1, full=9), 'HMS_TEST_DEPTH' in os.environ)"


def run(wish: str) -> subprocess.CompletedProcess[str]:
    """What a process says that was asked for a depth."""
    environment = {name: value for name, value in os.environ.items() if name != depth.SHARED}
    return subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=ROOT,
        env={**environment, "HMS_TEST_DEPTH": wish},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("wish", "answer"), [("", "1 False\n"), ("short", "1 False\n"), ("full", "9 False\n")])
def test_a_depth_is_asked_for_and_no_program_that_is_tried_sees_the_variable(wish, answer):
    assert run(wish).stdout == answer


def test_a_depth_that_does_not_exist_is_refused():
    assert "one of short, full, not 'deep'" in run("deep").stderr
