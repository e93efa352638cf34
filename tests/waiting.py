"""Waiting for what will come true: as long as a busy machine needs, and not a moment longer."""

import threading
import time
from collections.abc import Callable
from typing import Any

GENEROUS_SECONDS = 300
"""No test fails because the machine is slow; one that can never pass still ends."""

LOOK_SECONDS = 0.02


def wait_until(true: Callable[[], Any], *, what: str, seconds: float = GENEROUS_SECONDS) -> Any:
    """Look again and again; what it answered when it was true. The test fails if it never comes true."""
    pause, ends_at = threading.Event(), time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < ends_at, f"never: {what}"
        pause.wait(LOOK_SECONDS)
    return answer
