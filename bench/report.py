"""What came out, for machines (``results/latest.json``) and for people (``RESULTS.md``), who get ratios alone."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.goals import GOALS
from bench.plan import Plan
from bench.results import Case, Results

HERE = Path(__file__).parent
LATEST, TABLE = Path("results", "latest.json"), Path("RESULTS.md")
PACKAGES = ("Flask", "SQLAlchemy", "psycopg2-binary", "granian", "gunicorn")
HEADER = """# What the bench found

Made by `make bench`, which overwrites it; [docs/performance.md](../docs/performance.md) says how it measures. Every
figure is a ratio within one run: the median of several pairs that were measured in turn, with the smallest and the
largest of them. Nothing here says how fast another machine is.
"""


def write(results: Results, plan: Plan, *, postgres: str, folder: Path = HERE) -> None:
    """Both files, anew."""
    machine = describe_machine(postgres)
    (folder / LATEST).parent.mkdir(exist_ok=True)
    (folder / LATEST).write_text(json.dumps(as_json(results, plan, machine), indent=1, ensure_ascii=False) + "\n")
    (folder / TABLE).write_text("\n".join(_page(results, plan, machine)) + "\n")


def describe_machine(postgres: str) -> dict[str, str]:
    """The day, the machine and the versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {cores} cores, {_gigabytes()} GB, {platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": f"{postgres}, as it is embedded, with its own defaults (durable)",
        "wrk": _wrk_version(),
        **{name: version(name) for name in PACKAGES},
    }


def as_json(results: Results, plan: Plan, machine: dict[str, str]) -> dict[str, object]:
    """All that is known of the run."""
    cases = [
        {
            "row": case.row,
            "setup": case.setup,
            "of": case.of,
            "goal": {"words": case.limits.words, "limits": case.limits.limits()},
            "verdict": case.verdict,
            "ratio": asdict(case.figure),
            "ratios": list(case.values),
            "measured": {name: list(values) for name, values in case.measured.items()},
        }
        for case in results.cases
    ]
    failures = [asdict(failure) for failure in results.failures]
    return {"run": machine, "plan": asdict(plan), "cases": cases, "failures": failures, "plans": results.plans}


def _page(results: Results, plan: Plan, machine: dict[str, str]) -> Iterator[str]:
    yield HEADER
    yield "| | |\n|---|---|"
    for name, value in machine.items():
        yield f"| {name} | {value} |"
    sizes = " and ".join(f"{size:,}" for size in plan.sizes)
    yield f"| data | 1,000 doctors, 1,000 patients, {plan.main:,} slots (row 8: {sizes}) |"
    yield f"| pairs | {plan.pairs}, each of {plan.seconds} s |"
    for row, goal in GOALS.items():
        yield from _section(row, goal.words, results)
    yield from _plans(results)


def _section(row: int, words: str, results: Results) -> Iterator[str]:
    cases = [case for case in results.cases if case.row == row]
    failures = [failure for failure in results.failures if failure.row == row]
    if not cases and not failures:
        return
    yield f"\n## {row}. {words[0].upper()}{words[1:]}\n"
    yield "| of | server | ratio | spread | pairs | must | |\n|---|---|---|---|---|---|---|"
    for case in cases:
        yield _line(case)
    for failure in failures:
        yield f"| | {failure.setup} | not measured: {failure.why} | | | | **failed** |"


def _line(case: Case) -> str:
    found = case.figure
    spread = f"{_number(found.smallest)} to {_number(found.largest)}" if found.count > 1 else ""
    verdict = f"**{case.verdict}**" if case.verdict == "missed" else case.verdict
    words = (case.of, case.setup, _number(found.median), spread, str(found.count), case.limits.limits(), verdict)
    return f"| {' | '.join(words)} |"


def _plans(results: Results) -> Iterator[str]:
    for of, text in results.plans.items():
        yield f"\n## How the database finds it: {of}\n\n```\n{text}\n```"


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}".removesuffix(".00")


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    return found[1] if found else platform.machine()


def _gigabytes() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _wrk_version() -> str:
    """What wrk calls itself; it tells only along with how it is used."""
    if shutil.which("wrk") is None:
        return "missing"
    done = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).partition(" [")[0].removeprefix("wrk ").strip()
