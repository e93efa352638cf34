"""What is measured, running: the product with its worker, or the application that says hello."""

import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.clinic import Clinic
from bench.database import Database
from bench.ledger import Ledger
from bench.servers import HOST, THREADS, Setup
from bench.visitors import HOST as PUBLIC_HOST
from bench.visitors import Desk, headers
from hms.config.google import new_key
from hms.devtools.email_function import free_port
from hms.server import inherited_sockets, orphan_reaper, sockets, web

ROOT = Path(__file__).parents[1]
HELLO = Path(__file__).with_name("hello")
WEB_SERVERS = {inherited_sockets.__file__, "gunicorn"}  # of which one stands in the command
READY_SECONDS = 300.0
STOP_SECONDS = 8.0
SECRET_KEY, SEALING_KEY = secrets.token_urlsafe(48), new_key()  # of all products of one run


class CannotStart(Exception):
    """A program did not become ready; the message says what it said last."""


@dataclass(frozen=True)
class Hello:
    """The application that says hello, running."""

    port: int


@dataclass(frozen=True)
class Product:
    """HMS, running on a database of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    database: Database
    clinic: Clinic
    ledger: Ledger
    desk: Desk

    def settle(self) -> None:
        """Make it quiet: nothing waits to leave, and everybody who is signed in was here just now."""
        self.ledger.settle_down()

    def memory(self) -> tuple[int, int]:
        """The resident bytes of the largest process that answers requests, and its number."""
        (web,) = [one for one in psutil.Process(self.process.pid).children() if set(one.cmdline()) & WEB_SERVERS]
        return max((one.memory_info().rss, one.pid) for one in web.children())


def settings(database: Database) -> dict[str, str]:
    """The product's settings: those of production, behind a proxy."""
    return {
        "MODE": "production",
        "SECRET_KEY": SECRET_KEY,
        "ENCRYPTION_KEYS": SEALING_KEY,
        "AUDIT_KEY": f"audit-{SEALING_KEY}",
        "DATABASE_URL": database.address,
        "PUBLIC_URL": f"https://{PUBLIC_HOST}",
        "PROXY_COUNT": "1",
        "CLINIC_NAME": "Northgate Hospital",
        "CLINIC_PHONE": "020 7946 0100",
        "CLINIC_TIMEZONE": "Europe/London",
        "EMAIL_FUNCTION": "hms-email-bench-send-email",
        "RATE_LIMITS": "0",  # one machine asks for a whole town
        "CHANGES_PER_HOUR": "0",  # a thousand patients book what a hundred thousand would
    }


@contextmanager
def running(
    setup: Setup, database: Database, clinic: Clinic, ledger: Ledger, *, outside: Mapping[str, str]
) -> Iterator[Product]:
    """HMS with its worker, as ``make run`` starts it; ``outside`` tells it where the outside world is, and wins."""
    port = free_port()
    values = {**settings(database), **setup.settings(), "PORT": str(port)}
    environment = {f"HMS_{name}": value for name, value in values.items()} | dict(outside)
    with _program([sys.executable, "-m", "flask", "serve"], environment, folder=ROOT) as serve:
        _wait_until_ready(serve, port, "/readyz")
        _wait_for_the_worker(database)
        yield Product(port, serve.process, database, clinic, ledger, Desk(SECRET_KEY))


@contextmanager
def hello(setup: Setup) -> Iterator[Hello]:
    """The application that says hello, served by the very program that serves HMS with ``setup``."""
    config = {"SERVER": setup.server, "WEB_PROCESSES": setup.workers, "WEB_THREADS": THREADS}
    with sockets.listening(HOST, 0, count=web.sockets(config)) as listeners:
        program = web.program(config, listeners=[listener.fileno() for listener in listeners])
        port = listeners[0].getsockname()[1]
        with _program(program.command, {}, folder=HELLO, keeps=program.keeps) as server:
            _wait_until_ready(server, port, "/")
            yield Hello(port)


@dataclass(frozen=True)
class _Program:
    process: "subprocess.Popen[bytes]"
    log: Path

    def last_words(self) -> str:
        """The end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


@contextmanager
def _program(
    words: Sequence[str], environment: Mapping[str, str], *, folder: Path, keeps: Collection[int] = ()
) -> Iterator[_Program]:
    """A program in a process group of its own, which is ended afterwards with all that it started."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HMS_", "AWS_", "FLASK_"))}
    with tempfile.NamedTemporaryFile(prefix="hms-bench-", suffix=".log") as log:
        process = subprocess.Popen(
            words,
            cwd=folder,
            pass_fds=keeps,
            env={**clean, "FLASK_APP": "wsgi", "FLASK_SKIP_DOTENV": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        with _with_an_orphan_reaper(process):
            yield _Program(process, Path(log.name))


@contextmanager
def _with_an_orphan_reaper(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End the process with the block, or with us if we are killed meanwhile."""
    words = [sys.executable, "-I", orphan_reaper.__file__]
    with subprocess.Popen(words, stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True) as minder:
        print(f"+{process.pid}", file=minder.stdin)
        try:
            yield
        finally:
            _end(process)
            print(f"-{process.pid}", file=minder.stdin)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        process.terminate()
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def _wait_until_ready(program: _Program, port: int, path: str) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while not _answers(port, path):
        if program.process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotStart(program.last_words() or "It ended without a word.")
        time.sleep(0.1)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path, headers=headers())
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_for_the_worker(database: Database) -> None:
    """Until every periodic job has run once: what is due by the clock is not what is measured."""
    give_up_at, jobs = time.monotonic() + READY_SECONDS, dict[str, bool]()
    with database.connected() as link, link.cursor() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute("SELECT name, last_finished_at IS NOT NULL FROM periodic_jobs ORDER BY name")
            jobs = dict(cursor.fetchall())
            if jobs and all(jobs.values()):
                return
            time.sleep(0.2)
    waits = ", ".join(name for name, is_done in jobs.items() if not is_done)
    raise CannotStart(f"The worker did not finish its first round of periodic jobs: {waits or 'it began none'}.")
