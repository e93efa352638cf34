"""The programs that ``flask serve`` starts, supervises, starts again when they die or freeze, and ends.

None is ever given up: whatever keeps it from running may pass, and the others run meanwhile.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import click

from hms.server import heartbeat, orphan_reaper
from hms.server.watchdog import Watchdog

MAX_DEATHS, WITHIN_SECONDS = 5, 60.0
"""After so many deaths, each within so many seconds of the last start, a program is said to keep stopping."""

LONGEST_PAUSE_SECONDS = 10.0
TRIAL_SECONDS = 60.0
"""How long what is on the disk may take to show that it can start, before everything begins anew from it."""

STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Program:
    """A program to start, and its name for people.

    ``keeps`` are file descriptors that it inherits. ``reload_signal`` has it load itself anew; a program that knows
    none is ended in good order and started again.
    """

    name: str
    command: Sequence[str]
    keeps: tuple[int, ...] = ()
    reload_signal: signal.Signals | None = None


@dataclass(frozen=True)
class Companions:
    """What runs beside the portal: programs, variables through which the portal finds them, and what to say of them."""

    programs: Sequence[Program] = ()
    environment: dict[str, str] = field(default_factory=dict)
    greeting: Sequence[str] = ()


class Running:
    """A program that runs, in a process group of its own so that Ctrl-C reaches only ``flask serve``."""

    def __init__(self, program: Program, start: Callable[[Program], "subprocess.Popen[bytes]"]):
        self.program = program
        self._start = start
        self._deaths = 0
        self._again_at = 0.0
        self._started_at = time.monotonic()
        self._is_leaving = False
        self.process: subprocess.Popen[bytes] | None = start(program)

    def look(self, now: float) -> None:
        """Start the program again if it died, after a pause that grows to ten seconds."""
        if self.process and self.process.poll() is not None:
            self._ended(self.process, now)
        if not self.process and now >= self._again_at:
            self._start_again(now)
        if self._deaths and self.process and now - self._started_at >= WITHIN_SECONDS:
            self._recovered()

    def reload(self) -> None:
        """Have the program load the code that is on the disk now."""
        if self.process:
            self._is_leaving = self.program.reload_signal is None
            self.process.send_signal(self.program.reload_signal or signal.SIGTERM)

    def _ended(self, process: "subprocess.Popen[bytes]", now: float) -> None:
        """End the children that the dead program left behind."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        if not self._is_leaving:
            self._died(now, how=_ending(process.returncode))
        self._is_leaving, self.process = False, None

    def _start_again(self, now: float) -> None:
        """Start it; try again later if the machine has no memory or no process to spare."""
        try:
            self.process, self._started_at = self._start(self.program), now
        except OSError as error:
            self._died(now, how=str(error))

    def _died(self, now: float, *, how: str) -> None:
        """Report the first deaths one by one, then that it keeps stopping, then nothing until it recovers."""
        self._deaths += 1
        self._again_at = now + min(0.5 * 2 ** min(self._deaths - 1, 10), LONGEST_PAUSE_SECONDS)
        if self._deaths < MAX_DEATHS:
            click.echo(f"The {self.program.name} stopped ({how}); starting it again.", err=True)
        elif self._deaths == MAX_DEATHS:
            trying = f"it is tried again every {LONGEST_PAUSE_SECONDS:.0f} seconds"
            click.echo(f"The {self.program.name} keeps stopping ({how}); {trying}.", err=True)

    def _recovered(self) -> None:
        if self._deaths >= MAX_DEATHS:
            click.echo(f"The {self.program.name} has run for a minute again.", err=True)
        self._deaths = 0


class Trial:
    """A process that shows whether what is on the disk can start; while it has not, nothing that works is replaced."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self.process = process
        self._ends_at = time.monotonic() + TRIAL_SECONDS

    def is_over(self) -> bool:
        """Whether it has ended; one that takes too long is ended."""
        if time.monotonic() > self._ends_at:
            self.end()
        return self.process.poll() is not None

    def end(self) -> None:
        """End it and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has_succeeded(self) -> bool:
        """Whether it could start; if not, that is said."""
        if self.process.returncode != 0:
            how = _ending(self.process.returncode)
            click.echo(f"What is on the disk cannot start ({how}); what runs goes on as it was loaded.", err=True)
        return self.process.returncode == 0


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


class Programs:
    """All programs of one ``flask serve``; they end when the ``with`` block or this process ends."""

    def __init__(self, *, folder: Path, environment: Mapping[str, str]):
        self._folder = folder
        self._watchdog = Watchdog()
        self._environment = {**environment, heartbeat.VARIABLE: self._watchdog.address}
        self._running: list[Running] = []
        self._trial: Trial | None = None

    def __enter__(self) -> "Programs":
        self._orphan_reaper = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", orphan_reaper.__file__],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_trial()
        for process in self._processes():
            process.terminate()  # itself alone: it knows best how to end its children
        give_up_at = time.monotonic() + STOP_SECONDS
        for process in self._processes():
            _wait(process, give_up_at)
        self._tell("-", *self._groups())
        with suppress(BrokenPipeError):
            self._orphan_reaper.communicate()
        self._watchdog.close()

    def start(self, program: Program) -> None:
        """Start a program, and keep it running from :meth:`look` to :meth:`look`."""
        self._running.append(Running(program, self._launch))

    def look(self) -> None:
        """Start again what died, and end what is frozen: whoever started that notices, and replaces it."""
        for pid in self._watchdog.frozen(self._groups()):
            click.echo(f"Process {pid} is frozen; it is replaced.", err=True)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for running in self._running:
            running.look(time.monotonic())
        if self._trial and self._trial.is_over():
            self._judge(self._trial)

    def reload(self, trial: Program) -> None:
        """Have every program begin anew, one that can without ceasing to work, once the trial has ended well.

        A trial that is asked for during another takes its place: it sees what is on the disk now.
        """
        self._end_trial()
        self._trial = Trial(self._launch(trial))

    def _judge(self, trial: Trial) -> None:
        self._end_trial()
        if trial.has_succeeded():
            for running in self._running:
                running.reload()

    def _end_trial(self) -> None:
        if self._trial:
            self._trial.end()
            self._tell("-", self._trial.process.pid)
            self._trial = None

    def _launch(self, program: Program) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603  # our own programs
            program.command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=program.keeps,
        )
        self._tell("+", process.pid)
        return process

    def _groups(self) -> list[int]:
        return [process.pid for process in self._processes()]

    def _processes(self) -> "list[subprocess.Popen[bytes]]":
        return [running.process for running in self._running if running.process]

    def _tell(self, verb: str, *groups: int) -> None:
        with suppress(BrokenPipeError):
            for group in groups:
                print(f"{verb}{group}", file=self._orphan_reaper.stdin)


def _wait(process: "subprocess.Popen[bytes]", give_up_at: float) -> None:
    """Wait until the program has ended; kill it, and what it leaves behind, after ``give_up_at`` (monotonic)."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, give_up_at - time.monotonic()))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
