"""``flask serve``: the whole of HMS with one command; ``flask web``: the web server alone, for production.

``serve`` brings the tables up to date, loads the demo clinic on a first start in development, and starts the web server
and the worker. Both commands hold the listening sockets, restart what dies, reload at SIGHUP, and stop at SIGTERM after
everybody who has connected has been served.
"""

import http.client
import itertools
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from hms.cli import Command
from hms.server import pooler, sockets, web
from hms.server.assistance import assistance
from hms.server.programs import Companions, Program, Programs

READY_SECONDS = 60.0
LOOKS_A_SECOND = 5
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # how to reach ourselves there
PROJECT = Path(__file__).parents[2]
TRIAL = Program("trial", [sys.executable, "-c", "import wsgi"])


def init_app(app: Flask) -> None:
    """Register ``flask serve`` and ``flask web``."""

    @app.cli.command("serve", cls=Command, with_appcontext=False)
    def serve() -> None:
        """Serve HMS on HMS_PORT, with the worker beside it, until Ctrl-C or SIGTERM; SIGHUP loads it anew."""
        _until_told_to_stop(app, run)

    @app.cli.command("web", cls=Command, with_appcontext=False)
    def web_alone() -> None:
        """Serve only the web pages, on HMS_HOST and HMS_PORT or on the socket that systemd hands down."""
        _until_told_to_stop(app, run_web)


def _until_told_to_stop(app: Flask, do: Callable[[Flask, Sequence[socket.socket]], None]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pooler.ensure_limits(app)
    with sockets.listening(app.config["HOST"], app.config["PORT"], count=web.sockets(app.config)) as listeners:
        try:
            do(app, listeners)
        except KeyboardInterrupt:
            click.echo("Stopping HMS.")
        finally:
            _release_database(app)


def run(app: Flask, listeners: Sequence[socket.socket]) -> None:
    """Serve all of HMS until a KeyboardInterrupt; restart whatever dies."""
    _prepare(app)
    companions = _companions(app)
    worker = Program("worker", [sys.executable, "-m", "flask", "worker"])
    site = web.program(app.config, listeners=[listener.fileno() for listener in listeners])
    with Programs(folder=PROJECT, environment=_environment(app) | companions.environment) as programs:
        try:
            for program in (*companions.programs, site, worker):
                programs.start(program)
            greeting = [f"HMS is ready at {_address(app)}", *companions.greeting]
            _supervise(app, programs, welcome=Welcome(lambda: _is_ready(app), greeting))
        finally:
            _stop_taking(listeners)


def run_web(app: Flask, listeners: Sequence[socket.socket]) -> None:
    """Serve the web pages until a KeyboardInterrupt; restart whatever dies."""
    _notice_restore(app)
    with Programs(folder=PROJECT, environment=_environment(app)) as programs:
        try:
            programs.start(web.program(app.config, listeners=[listener.fileno() for listener in listeners]))
            click.echo(f"HMS listens at {_address(app)}")
            _supervise(app, programs)
        finally:
            _stop_taking(listeners)


class Welcome:
    """Prints a greeting once HMS is ready, and one line if that takes longer than a minute."""

    def __init__(self, is_ready: Callable[[], bool], lines: Sequence[str]) -> None:
        self._is_ready, self._lines = is_ready, lines
        self._late_at = time.monotonic() + READY_SECONDS

    def is_over(self) -> bool:
        """Whether the greeting has been printed."""
        if self._is_ready():
            for line in self._lines:
                click.echo(line)
            return True
        if time.monotonic() > self._late_at:
            self._late_at = math.inf
            click.echo(f"HMS is not ready after {READY_SECONDS:.0f} seconds; /readyz says why. Trying on.", err=True)
        return False


def _supervise(app: Flask, programs: Programs, *, welcome: Welcome | None = None) -> None:
    """Keep everything running until a KeyboardInterrupt."""
    asked_to_reload: list[bool] = []
    if not (sys.stdin and sys.stdin.isatty()):  # there it says that the terminal was closed
        signal.signal(signal.SIGHUP, lambda *_: asked_to_reload.append(True))
    for turn in itertools.count():
        programs.look()
        if welcome and welcome.is_over():
            welcome = None
        if asked_to_reload:
            asked_to_reload.clear()
            click.echo("Loading HMS anew.")
            programs.reload(TRIAL)
        if turn % LOOKS_A_SECOND == 0:
            _revive_database(app)
        time.sleep(1 / LOOKS_A_SECOND)


def _revive_database(app: Flask) -> None:
    """Start the embedded PostgreSQL again if it died; do nothing where it is not used."""
    if tools := assistance(app):
        tools.revive_database()


def _prepare(app: Flask) -> None:
    """Bring the tables up to date, and end the sign-ins of a restored database."""
    import flask_migrate

    from hms import outbox

    with app.app_context():
        flask_migrate.upgrade()
        outbox.notice_restore()


def _companions(app: Flask) -> Companions:
    """The programs that run beside the portal in development; none in production."""
    tools = assistance(app)
    return tools.companions(app, address=_address(app)) if tools else Companions()


def _notice_restore(app: Flask) -> None:
    """End the sign-ins of a restored database before the first request; the worker does it if the database is away."""
    from hms import outbox

    with app.app_context():
        try:
            outbox.notice_restore()
        except DBAPIError:
            return


def _address(app: Flask) -> str:
    host = app.config["HOST"]
    return f"http://{f'[{host}]' if ':' in host else host}:{app.config['PORT']}"


def _environment(app: Flask) -> dict[str, str]:
    """Our environment with the database's address, so that the programs do not start the embedded one themselves."""
    return {**os.environ, "HMS_DATABASE_URL": app.config["DATABASE_URL"], "FLASK_APP": "wsgi"}


def _is_ready(app: Flask) -> bool:
    host = ANYWHERE.get(app.config["HOST"], app.config["HOST"])
    connection = http.client.HTTPConnection(host, app.config["PORT"], timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(app.config["PUBLIC_URL"]).netloc})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop_taking(listeners: Sequence[socket.socket]) -> None:
    """Serve everybody who has connected and accept nobody new; a socket of systemd's stays open for the next process.

    Signals are ignored from here on: a second Ctrl-C must not leave programs running.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if not sockets.were_handed_down():
        sockets.drain(listeners)


def _release_database(app: Flask) -> None:
    """Close the connections; the embedded PostgreSQL stops unless another command uses it."""
    from hms.db import db

    with app.app_context():
        db.engine.dispose()
    if tools := assistance(app):
        tools.stop_database()
