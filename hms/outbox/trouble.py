"""What a sender raises when a message could not be sent, and how long the message then waits."""

import random
from datetime import datetime, timedelta

from hms.outbox.models import Fault

LASTS = timedelta(days=3)
"""How long a message is tried for trouble that is ours or the other side's: a weekend without a server is survived."""

MIN_ATTEMPTS = 8
"""Nothing is given up before so many attempts, whatever a clock says."""

FIRST_WAIT_SECONDS, WAIT_GROWS_BY, LONGEST_WAIT_SECONDS = 10, 4, 2 * 60 * 60

UNSURE_WAIT = timedelta(hours=1)
"""When a message that may have been sent is tried once more."""


class Dropped(Exception):
    """A sender found that the message no longer holds; the text says why."""


class PermanentFailure(Exception):
    """Trying again would fail in the same way."""

    def __init__(self, error: str = "", *, fault: Fault = Fault.MESSAGE) -> None:
        super().__init__(error)
        self.fault = fault


class TemporaryFailure(Exception):
    """Trying again later may help; not before ``wait`` has passed, if the other side named a time.

    The faults ``ours`` and ``server`` say that other messages of this kind would fail in the same way now.
    """

    def __init__(self, error: str = "", *, wait: timedelta | None = None, fault: Fault = Fault.LATER) -> None:
        super().__init__(error)
        self.wait = wait or timedelta()
        self.fault = fault


class MayHaveBeenSent(Exception):
    """The message left, and the answer was lost. It is tried once more if it is ``retryable``, and never twice."""

    def __init__(self, error: str = "", *, retryable: bool = True) -> None:
        super().__init__(error)
        self.retryable = retryable


def wait_after(attempt: int) -> timedelta:
    """How long to wait after the n-th failure: 10 seconds, four times longer each time, at most 2 hours, ±20 %.

    In three days that makes about forty attempts.
    """
    growing = FIRST_WAIT_SECONDS * WAIT_GROWS_BY ** min(attempt - 1, 10)
    seconds = min(growing, LONGEST_WAIT_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # spreads load, guards nothing


def is_over(*, attempt: int, first_tried_at: datetime, now: datetime) -> bool:
    """Whether a message that failed again is given up."""
    return attempt >= MIN_ATTEMPTS and now >= first_tried_at + LASTS


class Ours:
    """What is wrong with our own settings, by kind of message: the log says it once, and not for each message."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def is_news(self, kind: str, error: str) -> bool:
        """Whether this process has not said so since the last message of the kind got through."""
        before, self._said[kind] = self._said.get(kind), error
        return before != error

    def is_over(self, kind: str) -> None:
        """A message got through: the next trouble is news again."""
        self._said.pop(kind, None)


ours = Ours()
