"""The listening socket, held by whoever supervises the web server rather than by the web server itself.

So it survives a web server that is killed or replaced: who connects meanwhile waits a moment in the system's queue. And
a port that is taken is noticed: granian by itself listens with SO_REUSEPORT, so that a second one would silently take
its share of the visitors, and whoever waits for a process that ends is sent away.
"""

import ctypes
import os
import socket
import struct
import sys
import time

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


def handed_down() -> socket.socket | None:
    """The listening socket that systemd opened for us, if it did."""
    if not were_handed_down():
        return None
    listener = socket.socket(fileno=FIRST_HANDED_DOWN)
    _send_at_once(listener)
    return listener


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that is ours alone. ``click.ClickException`` says in a sentence why there is none."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections that linger do not count
        _send_at_once(listener)
        listener.bind((host, port))
        listener.listen(QUEUE)
    except OSError as error:
        listener.close()
        raise click.ClickException(_why_not(error, host, port)) from error
    return listener


def _send_at_once(listener: socket.socket) -> None:
    """Let no answer wait for a client's acknowledgement; granian sends head and body apart, which costs 40 ms else.

    On Linux the connections that are accepted inherit it (tcp(7), TCP_NODELAY).
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _why_not(error: OSError, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"This account may not open port {port}; set HMS_PORT to another one."
    if isinstance(error, socket.gaierror) or error.errno == 99:  # EADDRNOTAVAIL
        return f"This machine has no address {host}; set HMS_HOST to one that it has."
    return f"Port {port} is in use, perhaps by another HMS; stop that one, or set HMS_PORT to another port."


def drain(listener: socket.socket) -> None:
    """Take nobody new, and wait until the web server has taken everybody who is in the queue; some seconds at most.

    Linux has no way to stop listening that keeps the queue, but a filter on the socket that drops whoever knocks does
    it. Elsewhere who is in the queue when HMS stops is sent away.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(NOTHING_PASSES)
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
    give_up_at = time.monotonic() + LONGEST_DRAIN_SECONDS
    while queue_length(listener) and time.monotonic() < give_up_at:
        time.sleep(0.01)


def queue_length(listener: socket.socket) -> int:
    """How many have connected and are not accepted yet (Linux)."""
    told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, QUEUE_LENGTH + 4)
    (length,) = struct.unpack_from("I", told, QUEUE_LENGTH)
    return int(length)
