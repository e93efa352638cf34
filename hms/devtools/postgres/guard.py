"""Keeps track of who uses the server, and stops it once nobody does.

Run as a program, this file is the guard: it waits until every process that held the server has ended, however that
came about, and stops the server if it still runs. It imports nothing of HMS, so that it is small and starts at once.
"""

import fcntl
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 30


@dataclass(frozen=True)
class Files:
    """Where things are under the data folder."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        """What the server writes about itself."""
        return self.data / "log"

    @property
    def pid(self) -> Path:
        """Written by the server while it runs."""
        return self.data / "postmaster.pid"

    @property
    def turn(self) -> Path:
        """Locked by whoever starts or stops the server."""
        return self.folder / "postgres.turn"

    @property
    def users(self) -> Path:
        """Locked, shared, by every process that uses the server."""
        return self.folder / "postgres.users"


def open_locked(path: Path, operation: int) -> int:
    """A descriptor of the file that holds the lock until it is closed or the process ends.

    It never makes the file: who comes last must not put one into a folder that is just being deleted.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def locked(path: Path, operation: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock meanwhile."""
    descriptor = open_locked(path, operation)
    try:
        yield
    finally:
        os.close(descriptor)


def stop_if_unused(files: Files, *, pg_ctl: str) -> bool:
    """Stop the server unless some process holds it; answers whether it is stopped now."""
    try:
        with locked(files.turn):
            lock = _lock_when_unused(files)
            try:
                _stop(files, pg_ctl)
            finally:
                os.close(lock)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # the whole folder was deleted
        return True
    return True


def _lock_when_unused(files: Files) -> int:
    """A descriptor that keeps every user out until it is closed; raises :class:`BlockingIOError` when there is one.

    The caller has the turn. A guard that had waited for the last user may hold the lock as well; it is no user, and
    holds it for a moment and only once, since it then waits for its turn.
    """
    try:
        return open_locked(files.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with locked(files.users, fcntl.LOCK_SH):
            pass
        return open_locked(files.users, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _stop(files: Files, pg_ctl: str) -> None:
    """Stop the server as the account that it runs as: the owner of its data."""
    if not files.pid.exists():
        return
    owner = files.data.stat().st_uid
    for how in ("fast", "immediate"):
        command = [pg_ctl, "stop", "-D", str(files.data), "-m", how, "-w", "-t", str(STOP_SECONDS)]
        with suppress(subprocess.CalledProcessError):
            subprocess.run(command, check=True, cwd="/", capture_output=True, **account(owner))  # noqa: S603  # ours
            return


def account(owner: int) -> dict[str, Any]:
    """What ``subprocess.run`` needs in order to run a program as that account and nothing more."""
    if owner == os.geteuid():
        return {}
    return {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []}


def guard(files: Files, *, pg_ctl: str) -> None:
    """Wait until nobody holds the server any more, and stop it."""
    stopped = False
    while not stopped:
        with suppress(FileNotFoundError), locked(files.users):
            pass
        stopped = stop_if_unused(files, pg_ctl=pg_ctl)


if __name__ == "__main__":
    guard(Files(Path(sys.argv[1])), pg_ctl=sys.argv[2])
