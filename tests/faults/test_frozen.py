"""Web processes that are stopped, killed again and again, or wait for the database: the others and the watch go on."""

import signal
import threading

import pytest
from sqlalchemy import text

from hms.db import db
from tests.depth import depth
from tests.faults.crowd import visit
from tests.faults.test_graceful import WAITING, web  # noqa: F401  # a fixture
from tests.processes import is_gone
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
KILLS = depth(short=3, full=200)


def test_a_frozen_process_is_replaced(web):  # noqa: F811
    web.start()
    program, victim, *_ = web.processes()
    victim.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_gone(victim) and len(web.processes()) == 3, what="another is in its place")

    assert f"Process {victim.pid} is frozen; it is replaced." in web.said
    assert program.is_running()
    assert [visit(web.port) for _ in range(8)] == ["200"] * 8


def test_the_one_that_minds_the_processes_is_replaced_when_it_is_frozen(web):  # noqa: F811
    web.start()
    program, *_ = web.processes()
    program.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_gone(program), what="it is ended")
    wait_until(lambda: visit(web.port) == "200", what="it answers again")


def test_killing_all_processes_again_and_again_ends_neither_the_server_nor_its_supervisor(web):  # noqa: F811
    supervisor = web.start()
    program, *_ = web.processes()
    for _ in range(KILLS):
        wait_until(lambda: len(web.processes()) > 1, what="there is somebody to kill")
        victims = web.processes()[1:]
        for victim in victims:
            victim.kill()
        wait_until(lambda victims=victims: all(map(is_gone, victims)), what="they are gone")
    wait_until(lambda: len(web.processes()) == 3, what="they are back")

    assert program.is_running()
    assert supervisor.poll() is None
    assert "stopped" not in web.said
    wait_until(lambda: visit(web.port) == "200", what="it answers")


@pytest.mark.parametrize("web", ["granian"], indirect=True)
def test_healthz_answers_while_every_thread_waits_for_the_database(web):  # noqa: F811
    web.start()
    outcomes = []
    visitors = [threading.Thread(target=lambda: outcomes.append(visit(web.port, "/doctors"))) for _ in range(24)]
    with web.app.app_context(), db.engine.connect() as looker, db.engine.connect() as other:
        looker = looker.execution_options(isolation_level="AUTOCOMMIT")
        other.execute(text("LOCK TABLE users"))
        for visitor in visitors:
            visitor.start()
        wait_until(lambda: looker.scalar(text(WAITING)) == 4, what="both threads of both processes wait")
        assert [visit(web.port) for _ in range(8)] == ["200"] * 8
        assert outcomes == []
        other.rollback()
    for visitor in visitors:
        visitor.join()
    assert outcomes == ["200"] * 24
