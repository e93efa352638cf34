"""granian with one listening socket for all of its processes, which it is handed instead of opening one.

Run as a program: ``python -P one_socket.py DESCRIPTOR PROCESSES THREADS``, in the folder of wsgi.py. It imports nothing
of HMS, so that at a reload the new processes load all of it anew.
"""

import socket
import sys
from pathlib import Path

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.server import MPServer

LONGEST_QUEUE = 256  # connections that one process holds; the rest wait in the system's own queue
START_SECONDS = 2.0  # how long a new process is given to load HMS before the old one is told to leave
LEAVE_SECONDS = 10


class Server(MPServer):
    """granian as it is where SO_REUSEPORT does not exist: the processes accept from the same socket.

    With a socket each, whoever is in the queue of a process that leaves would be sent away.
    """

    listener: socket.socket

    def _init_shared_socket(self) -> None:
        self._ssp, self._sso, self._sfd = None, self.listener, self.listener.fileno()  # type: ignore[assignment]
        self._shd = SocketHolder(self.listener.fileno(), False, self.backlog)  # type: ignore[call-arg,assignment]


def serve(descriptor: int, *, processes: int, threads: int) -> None:
    """Serve ``wsgi:app`` until SIGTERM; SIGHUP replaces one process after the other."""
    Server.listener = socket.socket(fileno=descriptor)
    address, port = Server.listener.getsockname()[:2]
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
        log_level=LogLevels.warning,
        working_dir=Path.cwd(),
    )
    server.serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]), processes=int(sys.argv[2]), threads=int(sys.argv[3]))
