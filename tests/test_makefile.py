"""``make`` never empties what a link leads to."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.waiting import GENEROUS_SECONDS

ROOT = Path(__file__).parents[1]
CLEARING = ["setup", "run", "test", "lint", "sure", "bench", "lock", "clean"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", CLEARING)
def test_an_environment_that_is_a_link_is_left_alone(tmp_path, target):
    elsewhere, project = tmp_path / "elsewhere", tmp_path / "project"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("kept")
    project.mkdir()
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    (project / ".venv").symlink_to(elsewhere)
    done = subprocess.run(
        ["make", target], cwd=project, capture_output=True, text=True, timeout=GENEROUS_SECONDS, check=False
    )
    assert done.returncode != 0
    assert "is a link" in done.stderr
    assert (elsewhere / "precious").read_text() == "kept"
    assert (project / ".venv").is_symlink()
