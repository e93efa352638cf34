"""`make bench`: everything that is measured.

python -m bench [--small] [--rows 1,5] [--quick]     QUICK=1 in the environment means --quick
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial

from bench import database, outside, report, wrk
from bench.goals import GOALS
from bench.plan import FULL, QUICK, Plan
from bench.results import Case, Failure, Results
from bench.rows import ONCE, acts, statements
from bench.stage import Stage

ROW_OF_PLANS = 10  # how the database finds its answers belongs to how often it is asked


def main() -> int:
    """Measure, write, print; the exit code is 1 when a row could not be measured."""
    arguments = _read_arguments()
    wrk.ensure_installed()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything is ended and removed
    for name in [name for name in os.environ if name.startswith("HMS_")]:
        del os.environ[name]
    with database.server() as server, outside.answering() as normal, outside.black_hole() as stuck:
        stage = Stage(server.make, arguments.plan, normal=normal, stuck=stuck)
        results = measure(stage, set(arguments.rows))
        report.write(results, arguments.plan, postgres=server.version())
    _tell(f"Written: {report.HERE / report.TABLE} and {report.HERE / report.LATEST}")
    return 1 if results.failures else 0


def measure(stage: Stage, rows: set[int]) -> Results:
    """All that was asked for; a row that fails does not keep the others from being measured."""
    results = Results()
    stage.prepare()
    for setup, measured in acts(stage.plan):
        with stage.scene():
            for row, act in measured.items():
                if row in rows:
                    _note(results, row, str(setup), partial(act, stage, setup))
    for row, once in ONCE.items():
        if row in rows:
            with stage.scene():
                _note(results, row, "all", partial(once, stage))
    if ROW_OF_PLANS in rows:
        _note(results, ROW_OF_PLANS, "plans", partial(_explain, results, stage))
    return results


def _explain(results: Results, stage: Stage) -> Iterable[Case]:
    results.plans = statements.plans(stage.site())
    return ()


def _note(results: Results, row: int, setup: str, act: Callable[[], Iterable[Case]]) -> None:
    begun = time.monotonic()
    _tell(f"{row}. {GOALS[row].words}: {setup}")
    try:
        for case in act():
            results.cases.append(case)
            _tell(f"   {case.of}: {case.figure.median:.3g} ({case.limits.limits()}: {case.verdict})")
    except Exception as error:  # whatever it is, the other rows are worth having
        results.failures.append(Failure(row, setup, f"{type(error).__name__}: {error}"))
        _tell(f"   FAILED: {error}")
    _tell(f"   {time.monotonic() - begun:.0f} s")


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="10,000 slots instead of 1,000,000")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter measurements, with --small")
    parser.add_argument("--rows", type=_rows, default=list(GOALS), help="which rows, such as 1,5; all by default")
    arguments = parser.parse_args()
    arguments.plan = _plan(arguments)
    return arguments


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.quick or os.environ.get("QUICK", "0") not in ("", "0"):
        return QUICK
    return FULL.small() if arguments.small else FULL


def _rows(words: str) -> list[int]:
    rows = [int(word) for word in words.split(",")]
    if unknown := [row for row in rows if row not in GOALS]:
        raise argparse.ArgumentTypeError(f"there is no row {unknown[0]}")
    return rows


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("The bench was stopped; nothing was written.")
