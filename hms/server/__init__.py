"""``flask serve``: the whole of HMS with one command, for trying out and for a machine of its own.

It sees that the port is free and the tables are up to date, loads the demo clinic on a first start for development,
starts the web server and the worker, says when HMS is ready, and stops what it started when it is told to.
"""

import http.client
import os
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask

from hms.server import email
from hms.server.programs import LOOK_SECONDS, KeepsDying, Program, Programs

HOST = "127.0.0.1"
READY_SECONDS = 60.0
LONGEST_QUEUE = 256  # connections that one web worker holds; the rest wait in the system's own queue
PROJECT = Path(__file__).parents[2]


class NotReady(Exception):
    """HMS did not answer in time."""


def init_app(app: Flask) -> None:
    """Register ``flask serve``."""

    @app.cli.command("serve", with_appcontext=False)
    def serve() -> None:
        """Serve HMS on HMS_PORT, with the worker beside it, until Ctrl-C or SIGTERM."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            run(app)
        except KeyboardInterrupt:
            click.echo("Stopping HMS.")
        except (KeepsDying, NotReady) as error:
            raise click.ClickException(f"{error} HMS is stopped.") from error
        finally:
            _let_go_of_the_database(app)


def run(app: Flask) -> None:
    """Serve until a KeyboardInterrupt. Raises :class:`KeepsDying`, :class:`NotReady` or ``click.ClickException``."""
    ensure_free(app.config["PORT"])
    accounts = _prepare(app)
    email_programs, email_environment = email.prepare(app)
    with Programs(folder=PROJECT, environment=_environment(app) | email_environment) as programs:
        try:
            for program in email_programs:
                programs.start(program)
            programs.start(Program("web server", web_command(app.config["PORT"])))
            programs.start(Program("worker", [sys.executable, "-m", "flask", "worker"]))
            _wait_until_ready(app, programs)
            click.echo(f"HMS is ready at http://{HOST}:{app.config['PORT']}")
            if email_programs:
                click.echo(f"Every mail can be read at http://{HOST}:{app.config['PORT']}/dev/mailbox")
            for line in accounts:
                click.echo(line)
            while True:
                programs.look()
                time.sleep(LOOK_SECONDS)
        finally:
            _do_not_interrupt()


def ensure_free(port: int) -> None:
    """Refuse a port that somebody serves already; ``click.ClickException`` says so in a sentence.

    granian listens with SO_REUSEPORT, so that a second one would silently share the port with the first.
    """
    with socket.socket() as client:
        client.settimeout(1)
        taken = client.connect_ex((HOST, port)) == 0
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections that linger do not count
            listener.bind((HOST, port))
    except PermissionError as error:
        raise click.ClickException(f"This account may not open port {port}; set HMS_PORT to another one.") from error
    except OSError:
        taken = True
    if taken:
        raise click.ClickException(
            f"Port {port} is in use, perhaps by another HMS; stop that one, or set HMS_PORT to another port."
        )


def web_command(port: int) -> list[str]:
    """The web server: a process for each core, two threads in each, for a page waits for the database half its time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = {
        "--interface": "wsgi",
        "--host": HOST,
        "--port": str(port),
        "--workers": str(max(2, min(cores, 8))),
        "--blocking-threads": "2",
        "--backpressure": str(LONGEST_QUEUE),
        "--http1-header-read-timeout": "10000",
        "--workers-kill-timeout": "10",
        "--respawn-interval": "0.5",
        "--log-level": "warning",
    }
    given = [word for option in options.items() for word in option]
    return [sys.executable, "-m", "granian", *given, "--no-ws", "--respawn-failed-workers", "wsgi:app"]


def _prepare(app: Flask) -> list[str]:
    """Bring the tables up to date, fill an empty development database; answers what to say of demo accounts."""
    import flask_migrate

    from hms import demo

    with app.app_context():
        flask_migrate.upgrade()
        if app.config["MODE"] != "development":
            return []
        if os.environ.get("DEMO", "1") != "0" and _is_empty():
            click.echo("Loading the demo clinic ...")
            demo.load()
        return _accounts() if demo.is_loaded() else []


def _is_empty() -> bool:
    """Whether nobody has an account yet, so that made-up people would be among no real ones."""
    from hms.auth.models import User
    from hms.db import db

    return not db.session.scalar(db.select(db.exists().select_from(User)))


def _accounts() -> list[str]:
    from hms import demo

    emails = {"patient": demo.ASHA_EMAIL, "doctor": demo.BOSE_EMAIL, "administrator": demo.DANA_EMAIL}
    told = [f"  {email:<16} {role}" for role, email in emails.items()]
    return [f"Demo accounts, all with the password {demo.PASSWORD}:", *told, "Ctrl-C stops HMS."]


def _environment(app: Flask) -> dict[str, str]:
    """Ours, with the database named, so that the programs do not look for the embedded one themselves."""
    return {**os.environ, "HMS_DATABASE_URL": app.config["DATABASE_URL"], "FLASK_APP": "wsgi"}


def _wait_until_ready(app: Flask, programs: Programs) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while not _is_ready(app):
        programs.look()
        if time.monotonic() > give_up_at:
            raise NotReady(f"HMS did not become ready within {READY_SECONDS:.0f} seconds.")
        time.sleep(0.1)


def _is_ready(app: Flask) -> bool:
    connection = http.client.HTTPConnection(HOST, app.config["PORT"], timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(app.config["PUBLIC_URL"]).netloc})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _do_not_interrupt() -> None:
    """A second Ctrl-C must not keep us from ending what we started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _let_go_of_the_database(app: Flask) -> None:
    """Last of all: the embedded server stops unless some other command uses it."""
    from hms.db import db

    with app.app_context():
        db.engine.dispose()
    if "hms.postgres" in sys.modules:
        from hms import postgres

        postgres.stop()
