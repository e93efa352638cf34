"""python -m bench.ablation [--rounds 20] [NAME …]: what each thing is worth, or only those that are named.

Each figure is how many times the processor's time of a request becomes, in Python and the database together, when HMS
does without the thing: the median over all requests of the ratio to the same request with it. Two processors and a few
minutes are enough, also while others use them.
"""

import argparse
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from statistics import median

from flask_migrate import upgrade

from bench import database, load
from bench.ablation import variants
from bench.ablation.requests import Requests
from bench.ablation.switches import AS_IT_IS, CONTROL, SWITCHES
from bench.ablation.variants import Took
from bench.clinic import Clinic
from bench.database import Server
from bench.ledger import Ledger
from bench.stage import Site, application
from hms import clock

SLOTS = 100_000
AT_ONCE, WARM = (
    20,
    4,
)  # requests of a kind that a variant answers in a row; of so many of them nobody asks what they took

Measured = dict[tuple[str, str], list[Took]]
"""What requests took, by their kind and the variant."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    names = {CONTROL, *(given.names or SWITCHES)}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    measured: Measured = defaultdict(list)
    with database.server() as server, suppress(KeyboardInterrupt):  # what there is by then is shown
        _measure(measured, _fill(server), [name for name in SWITCHES if name in names], given.rounds)
    _show(measured)


def _fill(server: Server) -> Site:
    made, clinic = server.make("ablation"), Clinic(SLOTS)
    with application(made) as app, app.app_context():
        upgrade()
    load.load(made, clinic, today=clock.now().date(), progress=load.bar("clinic", SLOTS))
    return Site(made, clinic, Ledger(made, clinic))


def _measure(measured: Measured, site: Site, names: list[str], rounds: int) -> None:
    """In the first round each process learns what it keeps; nobody asks what that took."""
    requests, ways = Requests(site), {AS_IT_IS: SWITCHES[CONTROL].turn} | {name: SWITCHES[name].turn for name in names}
    concerned = dict.fromkeys(kind for name in names if name != CONTROL for kind in SWITCHES[name].kinds)
    with variants.running(site.database, ways) as ends:
        for turn in range(rounds + 1):
            site.ledger.settle_down()
            for kind in concerned:
                asked = [AS_IT_IS, *(name for name in names if kind in SWITCHES[name].kinds)]
                shift = turn % len(asked)
                for name in [*asked[shift:], *asked[:shift]]:
                    took = variants.ask(ends[name], requests.of(kind, AT_ONCE))
                    measured[kind, name] += took[WARM:] if turn else []
            print(f"round {turn} of {rounds}", file=sys.stderr, flush=True)


def _show(measured: Measured) -> None:
    print("| request | without | ratio | Python, ms | database, ms |\n|---|---|---|---|---|")
    for (kind, name), took in measured.items():
        usual = measured[kind, AS_IT_IS]
        ratio = median(sum(one) / sum(other) for one, other in zip(took, usual, strict=False))
        web, at_database = (median(part) * 1000 for part in zip(*took, strict=True))
        print(f"| {kind} | {name} | {ratio:.2f} | {web:.2f} | {at_database:.2f} |")


if __name__ == "__main__":
    main()
