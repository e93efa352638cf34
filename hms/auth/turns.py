"""Taking turns: hashing passwords takes all of a processor for a while, and pages must not wait behind it.

At most half of a process's threads hash. Whoever comes then is told to try again at once, for a thread that waits is
taken as well; only now and then one waits, which is what two people who sign in at the same moment need, and not enough
for a crowd that guesses to take the other half.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from hms.db import Busy

LONGEST_WAIT_SECONDS = 1.0
WAITS_EVERY_SECONDS = 1.0


class Turns:
    """So many at once, and one that waits for the next turn every :data:`WAITS_EVERY_SECONDS`."""

    def __init__(self, at_once: int):
        self._free = BoundedSemaphore(at_once)
        self._alone = Lock()
        self._last_wait_at = -WAITS_EVERY_SECONDS

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a turn. Raises :class:`hms.db.Busy`."""
        if not self._free.acquire(blocking=False) and not (
            self._may_wait() and self._free.acquire(timeout=LONGEST_WAIT_SECONDS)
        ):
            raise Busy
        try:
            yield
        finally:
            self._free.release()

    def _may_wait(self) -> bool:
        with self._alone:
            now = time.monotonic()
            may = now - self._last_wait_at >= WAITS_EVERY_SECONDS
            self._last_wait_at = now if may else self._last_wait_at
        return may


def for_threads(threads: int) -> Turns:
    """Turns for a process that answers so many requests at a time."""
    return Turns(max(1, threads // 2))
