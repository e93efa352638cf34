"""``python -m deploy.try_scaling``: HMS as on several machines, tried step by step, until a step fails.

Needs nginx and PgBouncer (``apt-get install nginx-light pgbouncer``); PostgreSQL is the embedded one, or another that
``--postgres`` names. Nothing outside this machine is reached, and nothing is left running.
"""

import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click

from deploy.cluster import Cluster, Missing, until
from deploy.slow import SlowVisitors, p99, waiting_times
from deploy.visitor import Visitor
from hms import clock

DIRECTORY = "AS sorts_as"  # what only the list of doctors asks
PATIENT, DOCTOR = "asha@demo.test", "bose@demo.test"
BOOK = re.compile(r'href="(/patient/slots/[0-9a-f-]+/book)"')


def public_pages_read_the_replica(cluster: Cluster) -> str:
    """Strangers' pages are asked of the replica, and none of them of the primary."""
    before = cluster.primary.times_asked(DIRECTORY), cluster.replica.times_asked(DIRECTORY)
    for _ in range(20):
        expect(Visitor(cluster.port).get("/doctors")[0] == 200, "the directory answers")
    asked = cluster.primary.times_asked(DIRECTORY) - before[0], cluster.replica.times_asked(DIRECTORY) - before[1]
    expect(asked[0] == 0 and asked[1] >= 20, f"the replica is asked, and it alone: {asked}")
    return f"20 pages: primary asked {asked[0]} times, replica {asked[1]} times"


def the_patients_journey_works_through_the_pooler(cluster: Cluster) -> str:
    """Sign in, book, see it, cancel it; the doctor sees the week."""
    patient = Visitor(cluster.port)
    patient.sign_in(PATIENT)
    status, where = book(patient, later_slot(patient))
    expect(status == 303, f"booking answers {status}")
    status, page = patient.get(where)
    expect(status == 200 and "Booked: " in page, "the appointment says that it is booked")
    cancel = f"{where.split('?')[0]}/cancel"
    status, _ = patient.post(cancel, patient.get(cancel)[1])
    expect(status == 303, f"cancelling answers {status}")
    doctor = Visitor(cluster.port)
    doctor.sign_in(DOCTOR)
    expect(doctor.get("/doctor/")[0] == 200, "the doctor's day answers")
    return "signed in, booked, confirmed, cancelled; the doctor's pages answer"


def who_is_signed_in_sees_what_they_did_and_strangers_soon(cluster: Cluster) -> str:
    """The replica stands still: the patient sees the slot gone at once, a stranger when its time is up."""
    patient = Visitor(cluster.port)
    patient.sign_in(PATIENT)
    slot = free_slots(patient)[0]
    until(lambda: slot in free_slots(Visitor(cluster.port)), what="the replica has caught up")
    cluster.replica.ask("SELECT pg_wal_replay_pause()")
    began = time.monotonic()
    expect(book(patient, slot)[0] == 303, "the slot is booked")
    expect(slot not in free_slots(patient), "the patient sees it gone")
    seen_stale = slot in free_slots(Visitor(cluster.port))
    until(lambda: slot not in free_slots(Visitor(cluster.port)), what="strangers see it gone", seconds=60)
    lasted = time.monotonic() - began
    cluster.replica.ask("SELECT pg_wal_replay_resume()")
    seen = "still" if seen_stale else "no more"
    return f"at once for the patient; a stranger saw it {seen} right after, and no more {lasted:.0f} s later"


def a_replica_that_dies_is_not_noticed(cluster: Cluster) -> str:
    """Strangers come all the time while the replica is killed and comes back."""
    with Strangers(cluster.port) as strangers:
        strangers.wait_for(50)
        cluster.replica.stop("immediate")
        strangers.wait_for(100)
        on_the_primary = cluster.primary.times_asked(DIRECTORY)
        cluster.replica.start()
        before = cluster.replica.times_asked(DIRECTORY)
        until(lambda: cluster.replica.times_asked(DIRECTORY) > before + 10, what="the replica is read again")
    expect(on_the_primary > 0, "the primary stood in")
    expect(set(strangers.outcomes) <= {200, 503}, f"answers: {dict(strangers.outcomes)}")
    expect(
        strangers.outcomes[503] <= 8, f"no more than one a thread is asked to come again: {dict(strangers.outcomes)}"
    )
    return f"{strangers.outcomes[200]} pages answered, {strangers.outcomes[503]} asked to come again"


def a_web_server_that_is_loaded_anew_or_stopped_is_not_noticed(cluster: Cluster) -> str:
    """One of the two is loaded anew, then stopped, while strangers come all the time."""
    with Strangers(cluster.port) as strangers:
        strangers.wait_for(50)
        cluster.webs[0].send_signal(signal.SIGHUP)
        strangers.wait_for(200)
        cluster.webs[0].send_signal(signal.SIGTERM)
        cluster.webs[0].wait(60)
        strangers.wait_for(50)
    expect(set(strangers.outcomes) == {200}, f"answers: {dict(strangers.outcomes)}")
    return f"{strangers.outcomes[200]} pages answered, 0 failed"


def the_primary_has_few_connections(cluster: Cluster) -> str:
    """What the pooler is for."""
    connections = cluster.primary.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'hms'")
    expect(isinstance(connections, int) and connections <= 18, f"connections: {connections}")
    return f"{connections} connections of HMS at the primary, of at most 18"


def slow_visitors_hold_up_nobody_behind_nginx(cluster: Cluster) -> str:
    """250 visitors who send and read as slowly as they can; what others wait, through nginx and without it."""
    quiet = p99(waiting_times(cluster.port))
    with SlowVisitors(cluster.port):
        behind = waiting_times(cluster.port)
    direct_port = cluster.web_ports[1]
    with SlowVisitors(direct_port):
        direct = waiting_times(direct_port)
    expect(len(behind) == 100, f"all visits were answered: {len(behind)}")
    ratio, without = p99(behind) / quiet, p99(direct) / quiet
    return f"others' p99 is {ratio:.1f} times that of a quiet site; {without:.0f} times without nginx before it"


STEPS: tuple[Callable[[Cluster], str], ...] = (
    public_pages_read_the_replica,
    the_patients_journey_works_through_the_pooler,
    who_is_signed_in_sees_what_they_did_and_strangers_soon,
    a_replica_that_dies_is_not_noticed,
    the_primary_has_few_connections,
    slow_visitors_hold_up_nobody_behind_nginx,
    a_web_server_that_is_loaded_anew_or_stopped_is_not_noticed,
)


class Strangers:
    """Visitors who read public pages all the time; ``outcomes`` counts the statuses."""

    def __init__(self, port: int, *, size: int = 4) -> None:
        self.outcomes: Counter[int] = Counter()
        self._port, self._enough = port, threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(size)]

    def __enter__(self) -> "Strangers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        while not self._enough.is_set():
            try:
                self.outcomes[Visitor(self._port).get("/doctors")[0]] += 1
            except OSError:
                self.outcomes[0] += 1

    def wait_for(self, more: int) -> None:
        """Until so many more have been answered."""
        wanted = self.outcomes[200] + more
        until(lambda: self.outcomes[200] >= wanted, what=f"pages are answered: {dict(self.outcomes)}")


def free_slots(visitor: Visitor) -> list[str]:
    """The links to times of one doctor that a visitor is offered."""
    status, page = visitor.get("/doctors?q=Bose")
    expect(status == 200, f"the directory answers {status}")
    return BOOK.findall(page)


def later_slot(visitor: Visitor) -> str:
    """The link to a time of that doctor that is far enough away to be cancelled again."""
    (doctor, *_) = re.findall(r'href="(/doctors/[0-9a-f-]{36})"', visitor.get("/doctors?q=Bose")[1])
    for days in range(7, 21):
        day = clock.now() + timedelta(days=days)
        if slots := BOOK.findall(visitor.get(f"{doctor}?day={day:%Y-%m-%d}")[1]):
            return slots[0]
    raise AssertionError("the demo clinic has no free time in the weeks to come")


def book(visitor: Visitor, slot: str) -> tuple[int, str]:
    """Book the time; status, and where it leads."""
    return visitor.post(slot, visitor.get(slot)[1], reason="A trial")


def expect(true: bool, what: str) -> None:
    """Raises ``AssertionError`` with ``what`` was expected."""
    if not true:
        raise AssertionError(f"not so: {what}")


@click.command()
@click.option(
    "--postgres",
    "binaries",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where other programs of PostgreSQL are, such as /usr/lib/postgresql/15/bin; without it, the embedded ones.",
)
def main(binaries: Path | None) -> None:
    """Start everything, take every step, and say how it went."""
    try:
        with Cluster(binaries=binaries) as cluster:
            until(lambda: Visitor(cluster.port).get("/readyz")[0] == 200, what="HMS is ready")
            click.echo("Up: nginx, two web servers, a worker, PgBouncer (transaction mode), PostgreSQL, one replica.")
            for step in STEPS:
                click.echo(f"- {step.__name__.replace('_', ' ')}: {step(cluster)}")
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
