"""Who is frozen and who is only busy: the watchdog's judgement, with the system's answers made up."""

import os
import signal
import subprocess
import sys

import pytest

from hms.server import heartbeat, watchdog
from hms.server.watchdog import FROZEN_SECONDS, Stat, Watchdog
from tests.waiting import wait_until

ONE, GROUP = 4001, 4000


@pytest.fixture
def world(monkeypatch):
    """A process group with one process, seen once a second."""

    class World:
        def __init__(self):
            self.stat, self.beats, self.now = Stat("S", 7), False, 0.0
            self.dog = Watchdog()

        def after(self, seconds, *, turn=1.0, change=lambda: None):
            """Who was found frozen in so many seconds."""
            found = []
            for _ in range(int(seconds / turn)):
                self.now += turn
                change()
                found += self.dog.frozen([GROUP])
            return found

    world = World()
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: world.now)
    monkeypatch.setattr(watchdog, "_group_of", lambda pid: GROUP if pid in (ONE, GROUP) else None)
    monkeypatch.setattr(watchdog, "_children", lambda pid: {ONE})
    monkeypatch.setattr(watchdog, "_stat", lambda pid: world.stat if pid == ONE else None)
    monkeypatch.setattr(world.dog, "_heard", lambda: {ONE} if world.beats else set())
    yield world
    world.dog.close()


def beat_once(world):
    world.beats = True
    world.after(1)
    world.beats = False


def test_one_that_is_stopped_is_found_within_ten_seconds_even_if_it_never_beat(world):
    world.stat = Stat("T", 7)
    assert world.after(10) == [ONE]


def test_one_whose_threads_all_stand_still_is_found(world):
    beat_once(world)
    assert world.after(10) == [ONE]


def test_one_that_waits_long_but_says_that_it_lives_is_not(world):
    world.beats = True
    assert world.after(600) == []


def test_one_that_computes_without_end_is_not_though_it_cannot_say_so(world):
    beat_once(world)

    def compute():
        world.stat = Stat("S", world.stat.ticks + 1)

    assert world.after(600, change=compute) == []


def test_one_that_the_machine_has_no_time_for_is_not(world):
    beat_once(world)
    world.stat = Stat("R", 7)
    assert world.after(600) == []


def test_one_that_never_says_anything_and_only_waits_is_not(world):
    assert world.after(600) == []


def test_time_in_which_the_watchdog_did_not_run_does_not_count(world):
    beat_once(world)
    assert world.after(3600, turn=3600) == []
    assert world.after(FROZEN_SECONDS) == [ONE]


def test_a_stranger_who_says_that_it_lives_is_not_watched(world):
    world.dog._heard = lambda: {1, os.getpid()}
    world.after(3)
    assert world.dog._watched.keys() == {ONE}


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_real_process_is_heard_and_found_once_it_is_stopped(monkeypatch):
    monkeypatch.setattr(watchdog, "FROZEN_SECONDS", 1.0)
    dog = Watchdog()
    code = "from hms.server import heartbeat; heartbeat.begin(); import time; time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, heartbeat.VARIABLE: dog.address}, process_group=0
    )
    try:

        def beats():
            assert process.poll() is None
            dog.frozen([process.pid])
            return dog._watched[process.pid].beats

        wait_until(beats, what="it is heard")
        process.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: dog.frozen([process.pid]), what="it is found") == [process.pid]
    finally:
        process.kill()
        process.wait()
        dog.close()


def test_where_nobody_supervises_nothing_is_said(monkeypatch):
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    started = []
    monkeypatch.setattr(heartbeat.threading, "Thread", lambda **_: started.append(1))
    heartbeat.begin()
    assert started == []
