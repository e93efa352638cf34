"""The worker's own way to deliver: several messages of each kind at once, so that none waits behind a silent server.

``HMS_OUTBOX_LANES`` says how many. Messages to one person about one thing are never under way together.

A kind whose other side is away, or whose settings of ours are wrong, rests between tries: its messages wait untried,
and the first that gets through opens the way for all.
"""

import time
from collections import Counter
from dataclasses import dataclass
from threading import Condition, Thread

from flask import Flask, current_app

from hms.outbox.delivering import Message, deliver, senders, take
from hms.outbox.models import Fault

LANE_WAIT_SECONDS = 0.5
"""How long the worker waits for a lane to come free before it looks after its other work."""

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 5, 60
OF_THE_WHOLE_KIND = frozenset({Fault.OURS, Fault.SERVER})


@dataclass
class Rest:
    """A kind that fails for every message alike: how often it has, and until when it rests (monotonic, seconds)."""

    failures: int = 0
    until: float = 0.0

    def fail(self) -> None:
        """Rest twice as long as the last time, up to a minute. Whoever was under way meanwhile makes it no longer."""
        now = time.monotonic()
        if now >= self.until:
            self.failures += 1
            growing = FIRST_REST_SECONDS * 2 ** min(self.failures - 1, 10)
            self.until = now + min(growing, LONGEST_REST_SECONDS)


class Lanes:
    """Who sends what at the moment. One for each process."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._busy: Counter[str] = Counter()
        self._rests: dict[str, Rest] = {}
        self.ended = 0

    def open_kinds(self) -> list[str]:
        """The kinds that have a lane free and do not rest. One that has failed tries again with one message."""
        with self._changed:
            return [kind for kind in senders() if self._is_open(kind)]

    def _is_open(self, kind: str) -> bool:
        rest = self._rests.get(kind)
        if rest is None:
            return self._busy[kind] < current_app.config["OUTBOX_LANES"]
        return time.monotonic() >= rest.until and not self._busy[kind]

    def run(self, app: Flask, message: Message) -> None:
        """Deliver the message in a lane of its own."""
        with self._changed:
            self._busy[message.kind] += 1
        # Not a daemon: a worker that is told to stop finishes what it has begun.
        Thread(target=self._deliver, args=(app, message), name=f"outbox {message.kind}").start()

    def wait_for_one(self, *, since: int) -> bool:
        """Whether a lane came free ``since`` so many had, or does within half a second; False if none is in use."""
        with self._changed:
            return self.ended != since or bool(self._busy.total() and self._changed.wait(LANE_WAIT_SECONDS))

    def _deliver(self, app: Flask, message: Message) -> None:
        fault: Fault | None = None
        try:
            with app.app_context():
                fault = deliver(message)
        finally:
            self._end(message.kind, fault)

    def _end(self, kind: str, fault: Fault | None) -> None:
        with self._changed:
            self._busy[kind] -= 1
            self.ended += 1
            if fault in OF_THE_WHOLE_KIND:
                self._rests.setdefault(kind, Rest()).fail()
            else:
                self._rests.pop(kind, None)
            self._changed.notify_all()


lanes = Lanes()


def deliver_next() -> bool:
    """Begin to deliver one message that is due; whether there may be more to do. Ends when the worker's lanes end."""
    ended, kinds = lanes.ended, lanes.open_kinds()
    message = take(kinds) if kinds else None
    if message is None:
        return lanes.wait_for_one(since=ended)
    lanes.run(current_app._get_current_object(), message)  # type: ignore[attr-defined]
    return True
