"""Until when this call has to be answered: a mail server that goes on drop by drop must not outlast the function."""

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TIME_LIMIT_SECONDS = 90
"""The function's own limit, as ``serverless.yml`` and ``email_lambda.local`` set it."""

ANSWER_SECONDS = 4.0
"""Kept back for what comes after the mail server: the memory of sent messages, and the answer."""

MIN_SECONDS = 0.1


class Deadline:
    """A moment on the monotonic clock by which the mail server has to have answered."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @classmethod
    def of(cls, context: object) -> "Deadline":
        """The deadline of a Lambda invocation, by what its context says remains; the usual limit without a context."""
        ask = getattr(context, "get_remaining_time_in_millis", None)
        seconds = ask() / 1000 if callable(ask) else TIME_LIMIT_SECONDS
        return cls(max(seconds - ANSWER_SECONDS, MIN_SECONDS))

    def remaining(self) -> float:
        """How many seconds are left; never quite none, as a socket takes none for "do not wait"."""
        return max(self._ends_at - time.monotonic(), MIN_SECONDS)

    @contextmanager
    def closes(self, server: smtplib.SMTP) -> Iterator[None]:
        """Shut the connection at the deadline, so that whatever waits for the server goes on with an error.

        A time-out of the socket alone holds for each piece that arrives, however small.
        """
        timer = threading.Timer(self.remaining(), _shut, (server,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shut(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        if server.sock is not None:
            server.sock.shutdown(socket.SHUT_RDWR)
