"""Sends a heartbeat once a second to the supervisor of this process; see :mod:`hms.server.watchdog`."""

import os
import socket
import threading
import time
from contextlib import suppress

VARIABLE = "HEARTBEAT_SOCKET"
"""Where the supervisor listens: the name of an abstract socket (unix(7), Linux), without its leading zero."""

EVERY_SECONDS = 1.0


def begin() -> None:
    """Start a thread that sends heartbeats; do nothing where there is no supervisor."""
    if address := os.environ.get(VARIABLE):
        threading.Thread(target=_beat, args=(f"\0{address}",), name="heartbeat", daemon=True).start()


def _beat(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.setblocking(False)
        while True:
            with suppress(OSError):  # nobody listens any more, or has no time to
                ours.sendto(str(os.getpid()).encode(), address)
            time.sleep(EVERY_SECONDS)
