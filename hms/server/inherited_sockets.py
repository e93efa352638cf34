"""granian on listening sockets that it inherits instead of opening them: one for each process, or one for all.

Run as a program: ``python -P inherited_sockets.py DESCRIPTOR[,DESCRIPTOR...] PROCESSES THREADS`` where wsgi.py is.
It imports nothing of HMS, so that at a reload the new processes load all of it anew.

It stands on methods that granian does not promise to keep: therefore ``setup.cfg`` holds it below its next minor
version.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from granian import _signals
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.server import MPServer
from granian.server.mp import WorkerProcess

LONGEST_QUEUE = 256  # connections that one process holds; the rest wait in the system's own queue
START_SECONDS = 2.0  # how long a new process is given to load HMS before the old one is told to leave
LAST_WORDS_SECONDS = 1.0  # how long whoever has connected is given to say what for, when a process leaves
LEAVE_SECONDS = 10
LOOK_SECONDS = 0.2
LIVES_SECONDS = 10.0  # a process that dies sooner is started again later each time
LONGEST_PAUSE_SECONDS = 10.0


@dataclass
class Death:
    """A process that died, how many before it died soon, and when another may start in its place (monotonic)."""

    process: WorkerProcess | None = None
    soon: int = 0
    again_at: float = 0.0

    def note(self, process: WorkerProcess, now: float) -> None:
        """Restart at once after the first early death; after each further one, wait longer."""
        self.process = process
        self.soon = self.soon + 1 if now - process.birth < LIVES_SECONDS else 0
        pause = 0.25 * 2 ** min(self.soon, 10) if self.soon > 1 else 0.0
        self.again_at = now + min(pause, LONGEST_PAUSE_SECONDS)


class Server(MPServer):
    """granian in its mode without SO_REUSEPORT, with a socket of its own for each process.

    A process that replaces another inherits its socket, so that nobody in the queue is refused.
    """

    listeners: Sequence[socket.socket]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deaths = [Death() for _ in range(self.workers)]

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        """Replace what died and, when told to, everything. granian's own ends all when one dies twice in 5 seconds."""
        while not self.interrupt_signal:
            if self.reload_signal:
                self._reload(spawn_target, target_loader)
            if due := [process.idx for process in self.wrks if self._is_due(process)]:
                self._respawn_workers(due, spawn_target, target_loader)
            self.main_loop_interrupt.wait(LOOK_SECONDS)
            self.main_loop_interrupt.clear()
        self.interrupt_children.clear()  # it would be an exit status of 1

    def _is_due(self, process: WorkerProcess) -> bool:
        """Whether the process is dead and another may start in its place."""
        if process.is_alive():
            return False
        death, now = self._deaths[process.idx], time.monotonic()
        if death.process is not process:
            death.note(process, now)
        return now >= death.again_at

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._use(self.listeners[0])

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> WorkerProcess:  # type: ignore[override]
        self._use(self.listeners[idx % len(self.listeners)])
        return super()._spawn_worker(idx, target, callback_loader)

    def _use(self, listener: socket.socket) -> None:
        self._sso, self._sfd = listener, listener.fileno()  # type: ignore[assignment]
        self._shd = SocketHolder(listener.fileno(), False, self.backlog)  # type: ignore[call-arg,assignment]

    @staticmethod
    def _spawn_wsgi_worker(*given: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # while it loads, it need not leave in any order
            signal.signal(number, signal.SIG_DFL)
        _, listener = given[3]
        _signals.set_main_signals = partial(_leave_in_good_order, listener)
        MPServer._spawn_wsgi_worker(*given)


def _leave_in_good_order(listener: socket.socket, leave: Callable[..., None], *_: Any) -> None:
    """End a process at a signal in three steps: accept nobody new, wait a moment for requests, leave.

    granian by itself closes connections on which no request has arrived yet.
    """

    def handle(number: int, frame: Any) -> None:
        _let_in_nobody(listener)
        pause = threading.Timer(LAST_WORDS_SECONDS, leave, (number, frame))
        pause.daemon = True
        pause.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _let_in_nobody(listener: socket.socket) -> None:
    """Replace the listening socket by one that nobody connects to (Linux); other processes go on accepting.

    A listening socket cannot be closed for one process alone, and granian has no call for it.
    """
    if sys.platform != "linux":
        return
    inode = os.fstat(listener.fileno()).st_ino
    with socket.socket(socket.AF_UNIX) as deserted:
        deserted.bind("")  # a name that Linux makes up
        deserted.listen()
        deserted.setblocking(False)
        for path in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # the descriptor that reads the folder is gone
                if os.fstat(int(path.name)).st_ino == inode:
                    os.dup2(deserted.fileno(), int(path.name))


def serve(descriptors: Sequence[int], *, processes: int, threads: int) -> None:
    """Serve ``wsgi:app`` until SIGTERM; SIGHUP replaces one process after the other."""
    Server.listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    address, port = Server.listeners[0].getsockname()[:2]
    server = Server(
        "wsgi:app",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        backpressure=LONGEST_QUEUE,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=START_SECONDS,
        workers_kill_timeout=LEAVE_SECONDS,
        static_path_route=["/healthz"],  # answered without a thread of Python: all of them may wait for the database
        static_path_mount=[Path(__file__).with_name("answers")],
        static_path_dir_to_file="healthz.json",
        static_path_expires=None,  # no Cache-Control
        log_level=LogLevels.warning,
        working_dir=Path.cwd(),
    )
    server.serve()


if __name__ == "__main__":
    serve([int(number) for number in sys.argv[1].split(",")], processes=int(sys.argv[2]), threads=int(sys.argv[3]))
