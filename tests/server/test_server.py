"""``flask serve``: one command starts it all, and its end leaves nothing behind."""

import http.client
import itertools
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import psutil
import pytest

from hms.server import orphan_reaper, sockets, web
from hms.server.programs import LONGEST_PAUSE_SECONDS, MAX_DEATHS, Program, Programs, Running
from tests.processes import is_gone
from tests.waiting import GENEROUS_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def port():
    """A port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def programs(tmp_path):
    """A supervisor with nothing to do yet."""
    with Programs(folder=tmp_path, environment=os.environ) as programs:
        yield programs


class Mortal:
    """A process that has ended, unless told to live."""

    pid, returncode, lives = 999_999_999, 3, False

    def poll(self):
        return None if self.lives else self.returncode


def quitter(*, start=Mortal):
    """A program that ends as soon as it is started, and the moments at which it was."""
    now, starts = [0.0], []

    def noting(program):
        starts.append(now[0])
        return start()

    return Running(Program("quitter", ["quit"]), noting), now, starts


def look_for(running, now, *, seconds):
    """As ``flask serve`` does, but without waiting between one look and the next."""
    for _ in range(2 * seconds):
        now[0] += 0.5
        running.look(now[0])


@contextmanager
def opened(host, port, *, count=1):
    """The sockets that listen there, closed afterwards."""
    with ExitStack() as stack:
        yield [stack.enter_context(listener) for listener in sockets.listen(host, port, count=count)]


class TestThePort:
    def test_a_free_port_is_listened_on(self, port):
        with opened("127.0.0.1", port) as (listener,), socket.create_connection(("127.0.0.1", port)):
            assert sockets.queue_length(listener) == 1

    def test_who_connects_at_once_is_shared_out_among_several_sockets(self, port):
        with opened("127.0.0.1", port, count=2) as listeners, ExitStack() as stack:
            for _ in range(40):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            lengths = [sockets.queue_length(listener) for listener in listeners]
            assert sum(lengths) == 40
            assert min(lengths) > 5  # by chance it is fewer once in a million times

    @pytest.mark.parametrize("share", [False, True])
    def test_a_port_that_is_served_is_refused_in_a_sentence_also_where_it_could_be_shared(self, port, share):
        with socket.socket() as listener:
            if share:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()

            with pytest.raises(click.ClickException, match=f"^Port {port} is in use, .*HMS_PORT"):
                sockets.listen("127.0.0.1", port)

    def test_a_port_that_is_served_on_all_addresses_is_refused(self, port):
        with socket.socket() as listener:
            listener.bind(("0.0.0.0", port))
            listener.listen()

            with pytest.raises(click.ClickException, match="is in use"):
                sockets.listen("127.0.0.1", port)

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_second_hms_is_refused(self, port, count):
        with opened("127.0.0.1", port, count=count), pytest.raises(click.ClickException, match="is in use"):
            sockets.listen("127.0.0.1", port, count=count)

    def test_nobody_can_share_the_port_of_a_single_socket_later(self, port):
        with opened("127.0.0.1", port), socket.socket() as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                second.bind(("127.0.0.1", port))

    def test_an_address_that_this_machine_does_not_have_is_refused_in_a_sentence(self, port):
        with pytest.raises(click.ClickException, match=r"^This machine has no address 203\.0\.113\.1; set HMS_HOST"):
            sockets.listen("203.0.113.1", port)


class TestTheWebServer:
    def test_it_has_two_to_eight_processes_by_the_cores_unless_told_otherwise(self, monkeypatch):
        sizes = []
        for cores in (1, 4, 64):
            monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: range(cores))
            sizes.append(web.processes({"WEB_PROCESSES": 0}))

        assert sizes == [2, 4, 8]
        assert web.processes({"WEB_PROCESSES": 3}) == 3

    @pytest.mark.parametrize("which", ["granian", "gunicorn"])
    def test_it_accepts_from_the_socket_it_is_given_in_so_many_processes_and_threads(self, which):
        config = {"SERVER": which, "WEB_PROCESSES": 3, "WEB_THREADS": 5}
        program = web.program(config, listeners=[9, 11])
        command = " ".join(program.command)

        assert program.keeps == (9, 11)
        assert program.reload_signal == signal.SIGHUP
        assert which in command or command.endswith("inherited_sockets.py 9,11 3 5")
        assert which == "granian" or {"fd://9", "3", "5"} <= set(program.command)
        assert "--worker-class" not in program.command  # it would win over the one of gunicorn_conf.py


class TestPrograms:
    def test_leaving_ends_what_was_started_and_its_children(self, tmp_path):
        with Programs(folder=tmp_path, environment=os.environ) as programs:
            programs.start(Program("sleeper", ["/bin/sh", "-c", "sleep 600 & sleep 600"]))
            (running,) = programs._running
            wait_until(lambda: len(psutil.Process(running.process.pid).children()) == 2, what="it has two children")
            children = psutil.Process(running.process.pid).children()

        assert running.process.returncode is not None
        wait_until(lambda: not any(child.is_running() for child in children), what="they are gone")

    def test_one_that_died_is_started_again_and_that_is_said(self, programs, capfd):
        programs.start(Program("sleeper", SLEEP))
        (running,) = programs._running
        first = running.process.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: programs.look() or (running.process and running.process.pid != first), what="another runs")

        assert running.process.poll() is None
        assert capfd.readouterr().err == "The sleeper stopped (signal 9); starting it again.\n"

    def test_one_that_keeps_dying_is_never_given_up_and_that_is_said_once(self, capfd):
        running, now, starts = quitter()
        look_for(running, now, seconds=3600)

        said = capfd.readouterr().err.splitlines()
        assert said[:-1] == ["The quitter stopped (exit status 3); starting it again."] * (MAX_DEATHS - 1)
        assert said[-1] == "The quitter keeps stopping (exit status 3); it is tried again every 10 seconds."
        pauses = [later - sooner for sooner, later in itertools.pairwise(starts)]
        assert max(pauses) <= LONGEST_PAUSE_SECONDS + 1
        assert pauses[-1] >= LONGEST_PAUSE_SECONDS

    def test_one_that_recovers_says_so_and_is_started_again_at_once_the_next_time(self, capfd):
        running, now, starts = quitter()
        look_for(running, now, seconds=120)
        Mortal.lives = True
        try:
            look_for(running, now, seconds=120)
        finally:
            Mortal.lives = False
        assert capfd.readouterr().err.splitlines()[-1] == "The quitter has run for a minute again."

        before = len(starts)
        look_for(running, now, seconds=3)
        assert len(starts) > before

    def test_a_machine_that_cannot_start_it_at_the_moment_is_asked_again(self, capfd):
        fails = []

        def start():
            if len(fails) in (1, 2):
                fails.append(1)
                raise BlockingIOError(11, "Resource temporarily unavailable")
            fails.append(1)
            return Mortal()

        running, now, _ = quitter(start=start)
        look_for(running, now, seconds=60)
        assert len(fails) > 3
        assert "Resource temporarily unavailable" in capfd.readouterr().err

    @pytest.mark.parametrize(("trial", "is_new"), [("exit 0", True), ("exit 1", False)])
    def test_all_begin_anew_once_what_is_on_the_disk_has_shown_that_it_can_start(self, programs, capfd, trial, is_new):
        programs.start(Program("sleeper", SLEEP))
        (running,) = programs._running
        first = running.process
        programs.reload(Program("trial", ["/bin/sh", "-c", trial]))
        wait_until(lambda: programs.look() or not programs._trial, what="the trial is over")
        if is_new:
            wait_until(
                lambda: programs.look() or (running.process and running.process is not first), what="another runs"
            )

        assert running.process.poll() is None
        assert (running.process is first) is not is_new
        said = "What is on the disk cannot start (exit status 1); what runs goes on as it was loaded.\n"
        assert capfd.readouterr().err == ("" if is_new else said)

    def test_a_trial_that_never_ends_is_ended_and_one_during_another_takes_its_place(
        self, programs, capfd, monkeypatch
    ):
        programs.start(Program("sleeper", SLEEP))
        programs.reload(Program("trial", SLEEP))
        replaced = programs._trial.process
        monkeypatch.setattr("hms.server.programs.TRIAL_SECONDS", 0.0)
        programs.reload(Program("trial", SLEEP))
        wait_until(lambda: programs.look() or not programs._trial, what="the trial is over")

        assert replaced.returncode == -signal.SIGKILL
        assert capfd.readouterr().err.startswith("What is on the disk cannot start (signal 9)")

    def test_leaving_ends_a_trial_too(self, tmp_path):
        with Programs(folder=tmp_path, environment=os.environ) as programs:
            programs.reload(Program("trial", SLEEP))
            trial = programs._trial.process

        assert trial.returncode == -signal.SIGKILL

    def test_the_orphan_reaper_ends_only_what_it_still_watches(self):
        watched, forgotten = (subprocess.Popen(SLEEP, process_group=0) for _ in range(2))
        reaper = threading.Thread(target=watched.wait)
        reaper.start()
        orphan_reaper.supervise([f"+{watched.pid}\n", f"+{forgotten.pid}\n", f"-{forgotten.pid}\n"])
        reaper.join()

        assert watched.returncode == -signal.SIGTERM
        assert forgotten.poll() is None
        forgotten.kill()
        forgotten.wait()


class Served:
    """A ``flask serve`` that runs, what it says, and how to talk to it."""

    def __init__(self, port, folder, *, command=(), **environment):
        self.port, self.folder = port, folder
        others = {name: value for name, value in os.environ.items() if not name.startswith(("HMS_", "MAKE"))}
        ours = {"HMS_MODE": "development", "HMS_PORT": str(port), "HMS_DATA_DIR": str(folder), "FLASK_SKIP_DOTENV": "1"}
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "flask", "--app", "wsgi", "serve"],
            cwd=ROOT,
            env={**others, **ours, "DEMO": "0", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.said = []
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self.process.stdout.close()

    def wait_for(self, beginning, *, seconds=GENEROUS_SECONDS):
        """Read until a line that begins so."""
        give_up_at = time.monotonic() + seconds
        while not (self.said and self.said[-1].startswith(beginning)):
            left = give_up_at - time.monotonic()
            assert left > 0, f"not said in time: {beginning}; but: {self.said}"
            try:
                self.said.append(self._lines.get(timeout=min(left, 0.5)))
            except queue.Empty:
                assert self._reader.is_alive(), f"ended without saying {beginning}: {self.said}"

    def end(self, *signals, seconds=GENEROUS_SECONDS):
        """Send the signals; answer the exit status and all that was said."""
        for number in signals:
            self.process.send_signal(number)
        self.process.wait(seconds)
        self._reader.join(seconds)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return self.process.returncode

    def status(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GENEROUS_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def flask(self, *words):
        """Run another command beside it."""
        environment = {**os.environ, "HMS_MODE": "development", "HMS_DATA_DIR": str(self.folder), "DEMO": "0"}
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env={**environment, "HMS_PORT": str(self.port), "FLASK_SKIP_DOTENV": "1"},
            capture_output=True,
            text=True,
            timeout=GENEROUS_SECONDS,
        )

    def all_processes(self):
        """It and all that it started."""
        process = psutil.Process(self.process.pid)
        (postmaster, *_) = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
        return [process, *process.children(recursive=True), psutil.Process(int(postmaster))]


@pytest.fixture
def serve(port, tmp_path):
    """A function that starts ``flask serve``; what it leaves behind is ended, and is no business of the next test."""
    started = []

    def serve(**options):
        started.append(Served(port, tmp_path / "var", **options))
        return started[-1]

    yield serve
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
        served.end()
    wait_until(lambda: not (tmp_path / "var" / "postgres" / "postmaster.pid").exists(), what="the server ends")


def are_gone(processes):
    return all(is_gone(process) for process in processes)


@pytest.mark.fault
@pytest.mark.slow
class TestServing:
    def test_it_says_when_it_is_ready_and_sigterm_ends_all_of_it(self, serve, port):
        served = serve()
        served.wait_for(f"HMS is ready at http://127.0.0.1:{port}")
        processes = served.all_processes()

        assert served.status("/healthz") == 200
        assert served.status("/readyz") == 200
        assert served.status("/") == 200
        assert (
            len(processes) >= 6
        )  # itself, its orphan reaper, the web server and its processes, the worker, PostgreSQL
        assert served.end(signal.SIGTERM) == 0
        assert are_gone(processes)
        assert served.said[-1] == "Stopping HMS."
        assert "Traceback" not in "\n".join(served.said)

    def test_a_first_start_loads_the_demo_clinic_and_names_its_accounts(self, serve):
        served = serve(DEMO="1")
        served.wait_for("Ctrl-C stops HMS.")

        assert served.said[0] == "Loading the demo clinic ..."
        assert "asha@demo.test" in served.flask("users", "list").stdout
        for email in ("asha@demo.test", "bose@demo.test", "rita@demo.test", "dana@demo.test"):
            assert any(email in line for line in served.said)
        assert served.end(signal.SIGINT, signal.SIGINT) == 0
        assert "Traceback" not in "\n".join(served.said)

    def test_other_commands_use_the_same_database_and_a_second_one_is_refused(self, serve, port):
        served = serve()
        served.wait_for("HMS is ready")

        second = served.flask("serve")
        assert second.returncode == 1
        assert f"Port {port} is in use" in second.stderr
        assert served.flask("users", "list").returncode == 0
        assert served.status("/readyz") == 200

    def test_killing_it_leaves_nothing_running_for_long(self, serve):
        served = serve()
        served.wait_for("HMS is ready")
        processes = served.all_processes()
        served.end(signal.SIGKILL)

        wait_until(lambda: are_gone(processes), what="they are gone")

    def test_the_worker_is_started_again_when_it_dies(self, serve):
        served = serve()
        served.wait_for("HMS is ready")
        (worker,) = [process for process in served.all_processes() if process.cmdline()[-1:] == ["worker"]]
        worker.kill()

        served.wait_for("The worker stopped (signal 9); starting it again.")
        served.wait_for("The worker is running.")
        assert served.end(signal.SIGTERM) == 0

    def test_a_killed_postgresql_is_started_again_and_hms_works_again_by_itself(self, serve):
        served = serve()
        served.wait_for("HMS is ready")
        assert served.status("/readyz") == 200
        (*_, postmaster) = served.all_processes()
        postmaster.kill()

        served.wait_for("The embedded PostgreSQL stopped; it runs again.")
        wait_until(lambda: served.status("/readyz") == 200, what="it is ready")
        assert served.status("/") == 200
        assert served.end(signal.SIGTERM) == 0

    def test_sighup_loads_the_web_server_and_the_worker_anew(self, serve):
        served = serve()
        served.wait_for("Every email")
        before = served.all_processes()
        workers = [one for one in before if one.cmdline()[-1:] == ["worker"]]
        (web_server,) = [one for one in before if "inherited_sockets.py" in " ".join(one.cmdline()) and one.children()]
        answering = web_server.children()
        served.process.send_signal(signal.SIGHUP)

        served.wait_for("Loading HMS anew.")
        served.wait_for("The worker is running.")
        wait_until(lambda: are_gone([*workers, *answering]), what="they are gone")
        assert web_server.is_running()
        assert served.status("/readyz") == 200
        assert not any("starting it again" in line for line in served.said)
        assert served.end(signal.SIGTERM) == 0

    def test_make_run_ends_with_all_of_it_at_sigterm(self, serve):
        served = serve(command=["make", "--no-print-directory", "run"])
        served.wait_for("HMS is ready")
        processes = served.all_processes()
        served.end(signal.SIGTERM)

        wait_until(lambda: are_gone(processes), what="they are gone")


def test_answers_on_our_socket_do_not_wait_for_acknowledgements():
    with opened("127.0.0.1", 0) as (listener,), socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_systemd_and_docker_never_give_up_either():
    units = ROOT / "deploy" / "systemd"
    for name in ("hms-web.service", "hms-worker.service"):
        said = (units / name).read_text().splitlines()
        assert {"Restart=always", "StartLimitIntervalSec=0"} <= set(said)
    assert "TriggerLimitIntervalSec=0" in (units / "hms-web.socket").read_text().splitlines()
    runs = re.findall(r"^docker run .*--detach.*$", (ROOT / "docs" / "deployment.md").read_text(), re.MULTILINE)
    assert runs
    assert all("--restart unless-stopped" in run for run in runs)


def test_containers_get_as_many_seconds_to_stop_as_systemd_gives():
    """Docker's own ten are fewer than a worker needs to finish what it has begun."""
    units = [ROOT / "deploy" / "systemd" / f"hms-{name}.service" for name in ("web", "worker")]
    seconds = [re.search(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)[1] for unit in units]
    assert re.findall(r"stop_grace_period: (\d+)s", (ROOT / "compose.yaml").read_text()) == seconds
    assert re.findall(r"--stop-timeout (\d+) ", (ROOT / "docs" / "deployment.md").read_text()) == seconds
