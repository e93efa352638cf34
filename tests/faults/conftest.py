"""HMS's own processes on a database of their own, with the clock of this machine, to be killed and frozen."""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from hms import mailer
from hms.auth import services as auth
from hms.auth.models import Patient
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from tests.email_lambda.mail_server import MailServer
from tests.fixtures.mail import FUNCTION
from tests.waiting import GENEROUS_SECONDS

LANES = 4  # of each worker
ROOT = Path(__file__).parents[2]


class Process:
    """A program of ours that has said that it is ready."""

    def __init__(self, command: list[str], *, environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as stderr:
            self._popen = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        self.said = self._first_line()

    def _first_line(self) -> str:
        with selectors.DefaultSelector() as selector:
            selector.register(self._popen.stdout, selectors.EVENT_READ)
            assert selector.select(GENEROUS_SECONDS), "it does not get ready"
        line = self._popen.stdout.readline()
        assert line, "it ended before it was ready"
        return line

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._popen.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal that ends it, and wait until it is gone."""
        self.send(signal.SIGCONT)
        self.send(number)
        self._popen.wait(GENEROUS_SECONDS)
        self._popen.stdout.close()


class Sink(MailServer):
    """A mail server that takes everything, and says when something is being handed to it."""

    arrived = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Keep the mail, after the pause that is asked for."""
        self.arrived = True
        return await super().handle_DATA(server, session, envelope)


class House:
    """A database with mails to send, the function, the mail server, and as many workers as are started."""

    def __init__(self, app: Flask, url: str, folder: Path) -> None:
        self.app, self._url, self._folder = app, url, folder
        self.sink = Sink(None)
        self.workers: list[Process] = []
        self.function: Process | None = None
        self._keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("HMS_", "AWS_"))}
        self._environment = {**ours, **self._keys, "FLASK_APP": "wsgi", "FLASK_SKIP_DOTENV": "1"}

    @property
    def function_log(self) -> Path:
        """What the function says: one line a call."""
        return self._folder / "function.log"

    def start_function(self, **settings: str) -> None:
        """Serve the real function behind Lambda's API, with the mail server of this process."""
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.sink.port), "SMTP_STARTTLS": "0"}
        environment = {**self._environment, **mail, "MAIL_FROM": "no-reply@clinic.example", **settings}
        command = ["-m", "email_lambda.local", "--port", "0"]
        self.function = Process(command, environment=environment, log=self.function_log)

    def start_worker(self) -> Process:
        """Start ``flask worker``."""
        assert self.function is not None
        settings = {
            "HMS_MODE": "testing",
            "HMS_DATABASE_URL": self._url,
            "HMS_DATA_DIR": str(self._folder),
            "HMS_EMAIL_FUNCTION": FUNCTION,
            "HMS_OUTBOX_LANES": str(LANES),
            "AWS_ENDPOINT_URL_LAMBDA": self.function.said.split()[2],
        }
        environment = {**self._environment, **settings}
        self.workers.append(
            Process(["-m", "flask", "worker"], environment=environment, log=self._folder / "worker.log")
        )
        return self.workers[-1]

    def enqueue(self, number: int, *, occasion: str = "") -> None:
        """Queue so many mails to one patient, each a message of its own."""
        with self.app.app_context():
            user = db.session.scalars(db.select(Patient)).first().user
            with transaction():
                for turn in range(number):
                    mailer.send("EMAIL_VERIFICATION", about=user.id, to=user.id, occasion=f"{occasion}{turn}")

    def let_leases_end(self) -> None:
        """Let so much time pass that everything is due that waits for a lease to end or for another try."""
        self.ask("UPDATE outbox_messages SET due_at = now() WHERE status IN ('pending', 'sending')")

    def count(self, *statuses: str) -> int:
        """How many messages have one of the states."""
        return self.ask("SELECT count(*) FROM outbox_messages WHERE status = ANY(:statuses)", statuses=list(statuses))

    def ask(self, statement: str, **values: Any) -> Any:
        """The first value that a statement answers, if any."""
        with self.app.app_context(), db.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    def stop(self) -> None:
        """End everything."""
        for process in [*self.workers, *filter(None, [self.function])]:
            if process._popen.poll() is None:
                process.end()
        self.sink.stop()


@pytest.fixture
def house(
    migrated_database: Callable, new_app: Callable[..., Flask], tmp_path: Path, cheap_passwords
) -> Iterator[House]:
    """A house with one patient, and no mail to send yet."""
    url = migrated_database()
    app = new_app(url)
    with app.app_context():
        auth.sign_up_patient(full_name="Asha Rao", email="asha@example.test", phone="1", password="a-long-passphrase")
        with transaction() as session:
            session.execute(db.delete(OutboxMessage))
    house = House(app, url.render_as_string(hide_password=False), tmp_path)
    yield house
    house.stop()
