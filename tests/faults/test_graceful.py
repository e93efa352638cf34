"""The web server is loaded anew, stopped, killed and replaced under load, and nobody who has connected is sent away."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from hms.db import db
from tests.faults.crowd import Crowd, ask, connect, free_port, visit
from tests.waiting import GENEROUS_SECONDS, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
PATIENT = "-c lock_timeout=60s -c statement_timeout=60s"


def lets_in(port):
    """Whether a connection comes about at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.3):
            return True
    except OSError:
        return False


def guests_of(process):
    """How many connections it has let in."""
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in process.net_connections("tcp"))


class Web:
    """``flask web`` on a database of its own."""

    def __init__(self, app, url, folder, **settings):
        self.app, self.port = app, free_port()
        others = {name: value for name, value in os.environ.items() if not name.startswith("HMS_")}
        self.environment = {
            **others,
            "FLASK_APP": "wsgi",
            "FLASK_SKIP_DOTENV": "1",
            "HMS_MODE": "testing",
            "HMS_DATABASE_URL": url,
            "HMS_DATA_DIR": str(folder),
            "HMS_PORT": str(self.port),
            **settings,
        }
        self._log = folder / f"web-{self.port}.log"
        self._running = []

    def start(self, *, listener=None):
        """Start it, if wanted as systemd does: with a listening socket as descriptor 3."""
        command = [sys.executable, "-m", "flask", "web"]
        keeps = ()
        if listener:
            keeps = (listener.fileno(),)
            command = [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *command]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=keeps,
            )
        self._running.append(process)
        wait_until(lambda: process.poll() is not None or lets_in(self.port), what="it listens")
        assert process.poll() is None, self.said
        assert visit(self.port) == "200"
        return process

    @property
    def said(self):
        """All that it has written."""
        return self._log.read_text()

    def processes(self):
        """The processes that answer, and the one that minds them first."""
        (program,) = [
            child
            for child in psutil.Process(self._running[-1].pid).children()
            if not child.cmdline()[-1].endswith("orphan_reaper.py")
        ]
        return [program, *program.children(recursive=True)]

    def end(self):
        """Stop what still runs."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
            process.wait(GENEROUS_SECONDS)


@pytest.fixture(params=["granian", "gunicorn"])
def web(request, migrated_database, new_app, tmp_path):
    """Each of the two web servers, not yet started."""
    database = migrated_database()
    app = new_app(database)
    url = database.update_query_dict({"options": PATIENT}).render_as_string(hide_password=False)
    web = Web(app, url, tmp_path, HMS_SERVER=request.param, HMS_WEB_PROCESSES="2")
    yield web
    web.end()


def test_loading_it_anew_under_load_fails_no_request_and_replaces_every_process(web):
    process = web.start()
    with Crowd(web.port) as crowd:
        crowd.wait_for(50)
        program, *before = web.processes()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: not any(old.is_running() for old in before), what=f"all are replaced: {web.said}")
        crowd.wait_for(50)
        assert program.is_running()

    assert crowd.failures == {}
    assert crowd.outcomes["refused"] == 0


def test_what_cannot_start_replaces_nothing_that_works_and_that_is_said_once(web, tmp_path):
    web.environment["HMS_MODE"] = "development"  # in which a secret is kept in a file, which is easily spoilt
    process = web.start()
    secret = tmp_path / "secret_key"
    kept = secret.read_text()
    secret.unlink()
    secret.mkdir()
    before = web.processes()
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: "what runs goes on as it was loaded" in web.said, what="it says so")
    assert web.said.count("HMS_DATA_DIR must be a folder") == 1
    assert web.processes() == before
    assert visit(web.port) == "200"

    secret.rmdir()
    secret.write_text(kept)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: not any(old.is_running() for old in before[1:]), what=f"all are replaced: {web.said}")
    assert visit(web.port) == "200"


def health(connection, method="GET"):
    connection.request(method, "/healthz", headers={"Host": "127.0.0.1"})
    answer = connection.getresponse()
    return answer.status, answer.read().strip()


def test_healthz_is_answered_while_every_thread_waits_for_the_database(web, request):
    web.environment |= {"HMS_WEB_PROCESSES": "1", "HMS_WEB_THREADS": "2"}
    web.start()
    kept, fresh, head = (http.client.HTTPConnection("127.0.0.1", web.port, timeout=30) for _ in range(3))
    for connection in (kept, fresh, head):
        request.addfinalizer(connection.close)
    assert health(kept)[0] == 200  # who keeps the connection is answered as who comes anew
    with web.app.app_context(), db.engine.connect() as looker, db.engine.connect() as other:
        looker = looker.execution_options(isolation_level="AUTOCOMMIT")
        other.execute(text("SET idle_in_transaction_session_timeout = 0"))
        other.execute(text("LOCK TABLE users"))
        outcomes = []
        visitors = [threading.Thread(target=lambda: outcomes.append(visit(web.port, "/doctors"))) for _ in range(6)]
        for visitor in visitors:
            visitor.start()
        wait_until(lambda: looker.scalar(text(WAITING)) == 2, what="both threads wait for the lock", seconds=60)
        answers = [health(kept), health(fresh), health(head, "HEAD")]
        other.rollback()
    for visitor in visitors:
        visitor.join()

    assert answers == [(200, b'{"status":"ok"}'), (200, b'{"status":"ok"}'), (200, b"")]
    assert outcomes == ["200"] * 6


def test_stopping_it_under_load_answers_everybody_who_has_connected(web):
    process = web.start()
    with Crowd(web.port, size=40) as crowd:  # more than are let in at a time, so that some are in the queue
        crowd.wait_for(100)
        process.send_signal(signal.SIGTERM)
        assert process.wait(GENEROUS_SECONDS) == 0

    assert crowd.failures == {}
    assert crowd.outcomes["refused"] > 0
    assert "Traceback" not in web.said


def test_who_has_connected_and_not_spoken_yet_is_heard_by_a_process_that_leaves(web):
    web.start()
    _, *leaving = web.processes()
    silent = [connect(web.port) for _ in range(4)]
    wait_until(lambda: sum(map(guests_of, leaving)) == len(silent), what="they are let in")
    for process in leaving:
        process.terminate()
    time.sleep(0.3)  # the signal comes meanwhile; who is heard before it does is heard in any case

    assert [ask(connection) for connection in silent] == ["200"] * 4
    wait_until(lambda: not any(process.is_running() for process in leaving), what="they leave")


def test_what_has_begun_when_it_is_stopped_is_finished(web):
    process = web.start()
    outcomes = []
    with web.app.app_context(), db.engine.connect() as looker, db.engine.connect() as other:
        looker = looker.execution_options(isolation_level="AUTOCOMMIT")
        other.execute(text("SET idle_in_transaction_session_timeout = 0"))  # however slow this machine is
        other.execute(text("LOCK TABLE users"))
        visitor = threading.Thread(target=lambda: outcomes.append(visit(web.port, "/doctors")))
        visitor.start()
        wait_until(lambda: looker.scalar(text(WAITING)), what="the visitor waits for the lock")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not lets_in(web.port), what="nobody new is let in")
        other.rollback()
    visitor.join()

    assert outcomes == ["200"]


def test_killing_the_one_that_minds_the_processes_fails_no_request(web):
    web.start()
    with Crowd(web.port) as crowd:
        crowd.wait_for(50)
        program, *before = web.processes()
        program.kill()
        wait_until(lambda: not any(old.is_running() for old in before), what=f"the orphans leave: {web.said}")
        wait_until(lambda: len(web.processes()) == 3, what="a new one runs")
        crowd.wait_for(50)

    assert crowd.failures == {}
    assert crowd.outcomes["refused"] == 0
    assert "The web server stopped (signal 9); starting it again." in web.said


def test_killing_a_process_fails_only_whom_it_had_let_in(web):
    web.start()
    with Crowd(web.port, size=12) as crowd:
        crowd.wait_for(50)
        _, victim, *_ = web.processes()
        victim.kill()
        wait_until(lambda: not victim.is_running() and len(web.processes()) == 3, what="there are two again")
        crowd.wait_for(50)

    assert sum(crowd.failures.values()) <= 12
    assert crowd.outcomes["refused"] == 0


def test_a_successor_on_the_socket_of_systemd_takes_over_without_a_refusal(web):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", web.port))
        listener.listen(1024)
        first = web.start(listener=listener)
        with Crowd(web.port) as crowd:
            crowd.wait_for(50)
            first.send_signal(signal.SIGTERM)
            first.wait(GENEROUS_SECONDS)
            web.start(listener=listener)
            crowd.wait_for(50)

    assert crowd.failures == {}
    assert crowd.outcomes["refused"] == 0
