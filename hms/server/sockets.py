"""The listening sockets, held by the supervisor rather than by the web server itself.

So they survive a web server that is killed or replaced: who connects meanwhile waits a moment in the system's queue.
And a port that is taken is noticed: granian by itself would share it without a word, and send away whoever waits for a
process that ends.

On Linux each process of granian has a socket of its own (SO_REUSEPORT, socket(7)): the system then shares out who
connects among them. Of one socket, the process that happens to be awake takes all who come at once, and the other cores
stand idle.
"""

import ctypes
import os
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import click

QUEUE = 1024
FIRST_HANDED_DOWN = 3  # sd_listen_fds(3): https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
SO_ATTACH_FILTER = 26  # linux/asm-generic/socket.h
NOTHING_PASSES = struct.pack("HBBI", 0x06, 0, 0, 0)  # classic BPF, bpf(4): return 0
QUEUE_LENGTH = 24  # where struct tcp_info says how many wait to be accepted at a listening socket: tcpi_unacked
LONGEST_DRAIN_SECONDS = 5.0


def were_handed_down() -> bool:
    """Whether systemd holds the listening socket, and gave it to us."""
    return os.environ.get("LISTEN_PID") == str(os.getpid())


@contextmanager
def listening(host: str, port: int, *, count: int) -> Iterator[list[socket.socket]]:
    """``count`` listening sockets at one address, or the one that systemd opened for us."""
    with ExitStack() as stack:
        if were_handed_down():
            listener = stack.enter_context(socket.socket(fileno=FIRST_HANDED_DOWN))
            _send_at_once(listener)
            yield [listener]
        else:
            yield [stack.enter_context(listener) for listener in listen(host, port, count=count)]


def listen(host: str, port: int, *, count: int = 1) -> list[socket.socket]:
    """Listening sockets among which the system shares out who connects; together they are ours alone.

    ``click.ClickException`` says in a sentence why there are none.
    """
    opened: list[socket.socket] = []
    try:
        with _bound(host, port) as probe:  # is the port ours? A socket that may be shared would not notice
            port = probe.getsockname()[1]
        for _ in range(count):
            opened.append(_bound(host, port, is_shared=count > 1))
            opened[-1].listen(QUEUE)
    except OSError as error:
        for listener in opened:
            listener.close()
        raise click.ClickException(_why_not(error, host, port)) from error
    return opened


def _bound(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections that linger do not count
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _send_at_once(bound)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _send_at_once(listener: socket.socket) -> None:
    """Set TCP_NODELAY: granian sends head and body apart, and Nagle's algorithm would add 40 ms.

    On Linux the connections that are accepted inherit it (tcp(7), TCP_NODELAY).
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _why_not(error: OSError, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"This account may not open port {port}; set HMS_PORT to another one."
    if isinstance(error, socket.gaierror) or error.errno == 99:  # EADDRNOTAVAIL
        return f"This machine has no address {host}; set HMS_HOST to one that it has."
    return f"Port {port} is in use, perhaps by another HMS; stop that one, or set HMS_PORT to another port."


def drain(listeners: Iterable[socket.socket]) -> None:
    """Accept nobody new, and wait at most 5 seconds until the web server has taken everybody who is in a queue.

    Linux has no way to stop listening that keeps the queue, but a filter on the socket that drops whoever knocks does
    it. Elsewhere who is in the queue when HMS stops is sent away.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(NOTHING_PASSES)
    for listener in listeners:
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    give_up_at = time.monotonic() + LONGEST_DRAIN_SECONDS
    while any(map(queue_length, listeners)) and time.monotonic() < give_up_at:
        time.sleep(0.01)


def queue_length(listener: socket.socket) -> int:
    """How many have connected and are not accepted yet (Linux)."""
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, QUEUE_LENGTH + 4)
    (length,) = struct.unpack_from("I", info, QUEUE_LENGTH)
    return int(length)
