"""Ends the programs of ``flask serve`` when that is killed (``kill -9``, out of memory).

Run as a program: it reads process groups from standard input, one command a line, ``+123`` to watch one and ``-123`` to
forget it. The input ends when its writer dies, however that happens; the groups that are still watched are then ended.
It imports nothing of HMS, so that it is small and starts at once.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

TERMINATE_SECONDS = 10


def supervise(commands: Iterable[str]) -> None:
    """Follow the commands to their end, then end every group that is still watched."""
    groups: set[int] = set()
    for command in commands:
        (groups.add if command.startswith("+") else groups.discard)(int(command[1:]))
    for number, seconds in ((signal.SIGTERM, TERMINATE_SECONDS), (signal.SIGKILL, 0)):
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, number)
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at and any(map(is_alive, groups)):
            time.sleep(0.1)


def is_alive(group: int) -> bool:
    """Whether the process group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    supervise(sys.stdin)
