"""Load over HTTP, by wrk."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import HOST

SCRIPT = Path(__file__).with_name("replay.lua")
MISSING = "The bench needs wrk, the load generator: install it with `apt-get install wrk`."
MICROSECOND = 1e-6


class Failed(Exception):
    """The load could not be made, or was not answered as it must be."""


@dataclass(frozen=True)
class Load:
    """What came of a load. ``refused`` answers had a status of 400 or more; times are in seconds."""

    requests: int
    refused: int
    seconds: float
    p50: float
    p99: float

    @property
    def answered(self) -> int:
        """How many requests were answered as hoped for."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Requests a second that were answered as hoped for."""
        return self.answered / self.seconds


def ensure_installed() -> None:
    """End with a sentence where wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit(MISSING)


def replay(port: int, requests: Sequence[bytes], *, connections: int, seconds: int) -> Load:
    """Send the requests over and over. Raises :class:`Failed` unless all are answered with a status below 400."""
    load = _run(port, requests, connections, seconds, "again")
    if load.refused:
        raise Failed(f"{load.refused} of {load.requests} requests were refused.")
    return load


def spend(port: int, requests: Sequence[bytes], *, connections: int, seconds: int) -> Load:
    """Send each request once, for as long as the time lasts. Raises :class:`Failed` if they do not last as long."""
    return _run(port, requests, connections, seconds, "once")


def _run(port: int, requests: Sequence[bytes], connections: int, seconds: int, how: str) -> Load:
    threads = min(2, connections)
    with tempfile.NamedTemporaryFile(prefix="hms-bench-", suffix=".requests") as file:
        file.writelines(_lines(requests))
        file.flush()
        options = (f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT))
        given = (f"http://{HOST}:{port}", "--", file.name, str(threads), how)
        answer = subprocess.run(["wrk", *options, *given], capture_output=True, text=True, check=False)
    return _read(answer)


def _lines(requests: Iterable[bytes]) -> Iterable[bytes]:
    return (b"%d\n%b\n" % (len(request), request) for request in requests)


def _read(answer: "subprocess.CompletedProcess[str]") -> Load:
    line = next((line for line in answer.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise Failed(f"wrk failed: {(answer.stderr or answer.stdout).strip()[-500:]}")
    found = json.loads(line.removeprefix("RESULT "))
    if found["exhausted"]:
        raise Failed("There were fewer requests than time for them.")
    if found["broken"] or not found["requests"]:
        raise Failed(f"{found['broken']} connections broke, {found['requests']} requests were answered.")
    seconds = found["microseconds"] * MICROSECOND
    p50, p99 = found["p50"] * MICROSECOND, found["p99"] * MICROSECOND
    return Load(found["requests"], found["refused"], seconds, p50, p99)
