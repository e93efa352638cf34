"""``make`` never empties what a link leads to, and lints as the hooks before a commit do."""

import re
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


def test_the_hooks_before_a_commit_are_the_linters_of_make_lint():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    linted = [line.strip().replace("$(BIN)/", "") for line in recipe.splitlines()]
    entries = re.findall(r"entry: (.+?), language", (ROOT / ".pre-commit-config.yaml").read_text())
    assert all(".venv/bin/" in entry for entry in entries), "the versions of the lock are in .venv"
    hooked = [entry.replace(".venv/bin/", "").replace(" --force-exclude", "") for entry in entries]
    assert hooked == [command.removesuffix(" .") for command in linted]
