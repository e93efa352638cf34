"""Which web server runs, with how many processes, and its command."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGHUP
from typing import Any

from hms.server.programs import Program

MIN_PROCESSES, MAX_PROCESSES = 2, 8
LEAVE_SECONDS = 10


def program(config: Mapping[str, Any], *, listeners: Sequence[int]) -> Program:
    """The web server that accepts from the listening sockets with these descriptors; SIGHUP has it load HMS anew."""
    command = {"granian": _granian, "gunicorn": _gunicorn}[config["SERVER"]]
    words = command(listeners, processes(config), config["WEB_THREADS"])
    return Program("web server", [sys.executable, *words], keeps=tuple(listeners), reload_signal=SIGHUP)


def sockets(config: Mapping[str, Any]) -> int:
    """How many listening sockets the web server makes use of."""
    can_share_out = sys.platform == "linux" and config["SERVER"] == "granian"
    return processes(config) if can_share_out else 1


def processes(config: Mapping[str, Any]) -> int:
    """The number of processes that was set, otherwise one for each core, from 2 to 8.

    With two, one answers while the other computes or starts. Each holds connections to the database, hence at most 8.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return config["WEB_PROCESSES"] or max(MIN_PROCESSES, min(cores, MAX_PROCESSES))


def _granian(listeners: Sequence[int], processes: int, threads: int) -> list[str]:
    numbers = (",".join(map(str, listeners)), processes, threads)
    return ["-P", str(Path(__file__).with_name("inherited_sockets.py")), *map(str, numbers)]


def _gunicorn(listeners: Sequence[int], processes: int, threads: int) -> list[str]:
    options = {
        "--config": str(Path(__file__).with_name("gunicorn_conf.py")),
        "--bind": f"fd://{listeners[0]}",
        "--workers": str(processes),
        "--threads": str(threads),
        "--keep-alive": "15",
        "--timeout": "60",
        "--graceful-timeout": str(LEAVE_SECONDS),
        "--log-level": "warning",
    }
    given = [word for option in options.items() for word in option]
    return ["-m", "gunicorn", *given, "--no-control-socket", "wsgi:app"]
