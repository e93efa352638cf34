"""Finds processes that are frozen: stopped, or stuck so that none of their threads runs.

A frozen process keeps its listening socket, and whoever is sent there waits for ever. One that is merely busy is no
such process: it uses the processor, or is about to. So a process counts as frozen only if for some seconds it neither
said that it lives (:mod:`hms.server.heartbeat`) nor used any processor time. Processes that never say so count as
frozen only when they are stopped (SIGSTOP). Linux only; elsewhere nothing is found.
"""

import os
import secrets
import socket
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FROZEN_SECONDS = 6.0
LONGEST_TURN_SECONDS = 1.0
"""So much time at most counts between two looks: when we did not run ourselves, nobody else may have."""

STOPPED, RUNNABLE, ENDED = "T", "R", "ZX"


class Stat(NamedTuple):
    """What the system says of a process (proc(5)): its state, and the processor time it has used, in ticks."""

    state: str
    ticks: int


@dataclass
class Watched:
    """A process at the last look, and for how many seconds it has shown no activity."""

    stat: Stat
    beats: bool = False
    quiet_seconds: float = 0.0

    @property
    def is_frozen(self) -> bool:
        """Whether it counts as frozen."""
        return self.quiet_seconds >= FROZEN_SECONDS and (self.beats or self.stat.state == STOPPED)


class Watchdog:
    """Listens for heartbeats at ``address``, from processes of the groups that it is told to watch."""

    def __init__(self) -> None:
        self._watched: dict[int, Watched] = {}
        self._looked_at = time.monotonic()
        self._socket: socket.socket | None = None
        self.address = ""
        if sys.platform == "linux":
            self.address = f"hms-{secrets.token_hex(8)}"
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.bind(f"\0{self.address}")
            self._socket.setblocking(False)

    def close(self) -> None:
        """Close the socket."""
        if self._socket:
            self._socket.close()

    def frozen(self, groups: Collection[int]) -> list[int]:
        """Which of these process groups' leaders, of their children, and of all who have said they live, are frozen."""
        now = time.monotonic()
        turn, self._looked_at = min(now - self._looked_at, LONGEST_TURN_SECONDS), now
        heard = self._heard()
        known = self._watched.keys() | heard | set(groups).union(*map(_children, groups))
        pids = {pid for pid in known if _group_of(pid) in groups}
        self._watched = {pid: watched for pid in pids if (watched := self._look(pid, pid in heard, turn))}
        found = [pid for pid, watched in self._watched.items() if watched.is_frozen]
        for pid in found:
            del self._watched[pid]
        return found

    def _look(self, pid: int, heard: bool, turn: float) -> Watched | None:
        stat, before = _stat(pid), self._watched.get(pid)
        if stat is None:
            return None
        if before is None:
            return Watched(stat, beats=heard)
        is_alive = heard or stat.ticks != before.stat.ticks or stat.state == RUNNABLE
        return Watched(stat, before.beats or heard, 0.0 if is_alive else before.quiet_seconds + turn)

    def _heard(self) -> set[int]:
        """The processes that have sent a heartbeat since the last look."""
        heard: set[int] = set()
        with suppress(BlockingIOError, ValueError):
            while self._socket:
                heard.add(int(self._socket.recv(32)))
        return heard


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (OSError, OverflowError):
        return None


def _children(pid: int) -> set[int]:
    with suppress(OSError):
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


def _stat(pid: int) -> Stat | None:
    """The state of a process; None if it has ended or the system does not say."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in ENDED else Stat(words[0], int(words[11]) + int(words[12]))
