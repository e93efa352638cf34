"""``make run GOOGLE=demo``: the stand-in beside the portal, for trying out only."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
import requests

from hms.config.settings import SETTINGS
from hms.devtools import google_stand_in as demonstration
from hms.devtools.email_function import is_free
from tests.standins import google as stand_in
from tests.waiting import GENEROUS_SECONDS, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wanted(app, monkeypatch, tmp_path):
    """A development machine on which the demonstration is asked for."""
    monkeypatch.setenv("GOOGLE", "demo")
    monkeypatch.setitem(app.config, "MODE", "development")
    monkeypatch.setitem(app.config, "DATA_DIR", tmp_path)
    return app


def test_it_is_started_where_it_is_asked_for(wanted):
    (program,), environment, (told,) = demonstration.prepare(wanted)
    assert program.command[1:3] == ["-m", "tests.standins.google"]
    assert "demonstration" in told
    assert environment.keys() <= {setting.variable for setting in SETTINGS}
    assert all(value.startswith("http://127.0.0.1:") for name, value in environment.items() if name.endswith("_URL"))


def test_it_knows_the_clinic_by_the_name_that_the_settings_give(wanted):
    _, environment, _ = demonstration.prepare(wanted)
    given = (environment["HMS_GOOGLE_CLIENT_ID"], environment["HMS_GOOGLE_CLIENT_SECRET"])
    assert given == (stand_in.CLIENT_ID, stand_in.CLIENT_SECRET)


@pytest.mark.parametrize(
    "otherwise",
    [{"MODE": "production"}, {"MODE": "testing"}, {"GOOGLE_CLIENT_ID": "clinic.apps.googleusercontent.com"}],
)
def test_it_never_runs_in_production_or_beside_google_itself(wanted, monkeypatch, otherwise):
    for name, value in otherwise.items():
        monkeypatch.setitem(wanted.config, name, value)
    assert demonstration.prepare(wanted) == ([], {}, [])


@pytest.mark.parametrize("value", ["", "1", "real"])
def test_it_runs_only_when_asked_for(wanted, monkeypatch, value):
    monkeypatch.setenv("GOOGLE", value)
    assert demonstration.prepare(wanted) == ([], {}, [])


def test_without_the_source_it_is_refused_in_a_sentence(wanted, monkeypatch, tmp_path):
    monkeypatch.setattr(demonstration, "FOLDER", tmp_path)
    with pytest.raises(click.ClickException, match="part of the source"):
        demonstration.prepare(wanted)


def test_nothing_of_the_product_imports_it():
    imports = "import sys, hms, hms.devtools.google_stand_in, hms.calendar.views, hms.calendar.services.connections;"
    code = imports + "sys.exit(any(name.startswith('tests') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_as_a_program_it_keeps_what_stands_in_its_calendars(wanted, tmp_path):
    (program,), environment, _ = demonstration.prepare(wanted)
    url = environment["HMS_GOOGLE_TOKEN_URL"].removesuffix("/token")
    event = {
        "account": "asha@gmail.example",
        "day": "2026-11-26",
        "start": "09:00",
        "end": "09:30",
        "summary": "Dentist",
    }
    with running(program.command, url):
        assert requests.post(f"{url}/board", data=event, timeout=GENEROUS_SECONDS).status_code == 200
    assert (tmp_path / "google-demo").stat().st_mode & 0o777 == 0o600
    with running(program.command, url):
        assert "Dentist" in requests.get(f"{url}/board", timeout=GENEROUS_SECONDS).text


class running:  # noqa: N801  # reads as a word
    """The program, from its first answer to its end by SIGTERM."""

    def __init__(self, command: list[str], url: str) -> None:
        self.command, self.url = command, url

    def __enter__(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=ROOT, env={**os.environ})
        port = int(self.url.rpartition(":")[2])
        wait_until(lambda: self.process.poll() is not None or not is_free(port), what="it answers")
        assert self.process.poll() is None, "it ended at once"

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(GENEROUS_SECONDS) == 0
