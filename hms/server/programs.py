"""The programs that ``flask serve`` starts, minds, starts again when they die, and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import click

from hms.server import leash

MOST_DEATHS, WITHIN_SECONDS = 5, 60.0
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 15.0


class KeepsDying(Exception):
    """A program ends again and again; the message says which."""


@dataclass(frozen=True)
class Program:
    """What to start, and what people call it."""

    name: str
    command: Sequence[str]


class Running:
    """A program that runs, in a process group of its own so that Ctrl-C reaches only ``flask serve``."""

    def __init__(self, program: Program, start: Callable[[Program], "subprocess.Popen[bytes]"]):
        self.program = program
        self._start = start
        self._deaths: list[float] = []
        self._again_at = 0.0
        self.process: subprocess.Popen[bytes] | None = start(program)

    def look(self, now: float) -> None:
        """Start the program again if it died, later each time. Raises :class:`KeepsDying`."""
        if self.process and self.process.poll() is not None:
            self._died(now, code=self.process.returncode)
        if not self.process and now >= self._again_at:
            self.process = self._start(self.program)

    def _died(self, now: float, *, code: int) -> None:
        self._deaths = [then for then in self._deaths if now - then < WITHIN_SECONDS] + [now]
        if len(self._deaths) >= MOST_DEATHS:
            raise KeepsDying(f"The {self.program.name} stopped {MOST_DEATHS} times within a minute ({_ending(code)}).")
        click.echo(f"The {self.program.name} stopped ({_ending(code)}); starting it again.", err=True)
        self._again_at = now + 0.5 * 2 ** (len(self._deaths) - 1)
        self.process = None


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


class Programs:
    """All that runs for one ``flask serve``; leaving the ``with`` block ends it, and so does our own death."""

    def __init__(self, *, folder: Path, environment: Mapping[str, str]):
        self._folder = folder
        self._environment = dict(environment)
        self._running: list[Running] = []

    def __enter__(self) -> "Programs":
        self._leash = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", leash.__file__], stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for group in self._groups():
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        for running in self._running:
            _wait(running, give_up_at)
        self._tell("-", *self._groups())
        with suppress(BrokenPipeError):
            self._leash.communicate()

    def start(self, program: Program) -> None:
        """Start a program, and keep it running from :meth:`look` to :meth:`look`."""
        self._running.append(Running(program, self._launch))

    def look(self) -> None:
        """Start again what died. Raises :class:`KeepsDying`."""
        for running in self._running:
            running.look(time.monotonic())

    def _launch(self, program: Program) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603  # our own programs
            program.command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
        self._tell("+", process.pid)
        return process

    def _groups(self) -> list[int]:
        return [running.process.pid for running in self._running if running.process]

    def _tell(self, verb: str, *groups: int) -> None:
        with suppress(BrokenPipeError):
            for group in groups:
                print(f"{verb}{group}", file=self._leash.stdin)


def _wait(running: Running, give_up_at: float) -> None:
    """Until the program has ended; one that does not in good time is made to."""
    if not running.process:
        return
    try:
        running.process.wait(max(0.0, give_up_at - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()
