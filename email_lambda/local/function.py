"""The function as its callers see it: as many environments as there are calls at once, up to a limit."""

import threading
import time

from email_lambda.local.environment import Environment, Outcome

STOP_SECONDS = 5


class Throttled(Exception):
    """All environments are busy and stayed so (429 TooManyRequestsException on AWS)."""


class Function:
    """A function of one name. Environments are made when needed and used again."""

    def __init__(self, handler: str, *, name: str, timeout: float, concurrency: int) -> None:
        self.name = name
        self._handler = handler
        self._timeout = timeout
        self._concurrency = concurrency
        self._places = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()

    def warm(self) -> None:
        """Start one environment, so that the first call does not wait for it."""
        self._give_back(self._take())

    def invoke(self, payload: bytes) -> Outcome:
        """Run one invocation. Raises Throttled when no environment became free within the time limit."""
        if not self._places.acquire(timeout=self._timeout):
            raise Throttled
        try:
            environment = self._take()
            try:
                return environment.invoke(payload)
            finally:
                self._give_back(environment)
        finally:
            self._places.release()

    def stop(self) -> None:
        """End every environment, after the calls that are under way (but wait for them a few seconds only)."""
        ends = time.monotonic() + STOP_SECONDS
        for _ in range(self._concurrency):
            self._places.acquire(timeout=max(0, ends - time.monotonic()))
        with self._lock:
            environments, self._all, self._idle = self._all, set(), []
        for environment in environments:
            environment.stop()

    def _take(self) -> Environment:
        with self._lock:
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    return environment
                self._discard(environment)
            environment = Environment(self._handler, name=self.name, timeout=self._timeout)
            self._all.add(environment)
            return environment

    def _give_back(self, environment: Environment) -> None:
        with self._lock:
            if environment.alive:
                self._idle.append(environment)
            else:
                self._discard(environment)

    def _discard(self, environment: Environment) -> None:
        if environment in self._all:
            self._all.remove(environment)
            environment.stop()
