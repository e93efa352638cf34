"""``flask audit``: check that nobody has tampered with the log, and hand it out."""

import sys
from datetime import datetime

import click

from hms import clock
from hms.audit import exporting, queries, sealing
from hms.audit.recording import record
from hms.audit.verifying import verify
from hms.cli import Group, say
from hms.db import transaction

audit = Group("audit", help="The audit log: check it, hand it out.")
_DAY = click.DateTime(["%Y-%m-%d"])


@audit.command("verify")
@click.option("--head", default="", help="The end of the chain as it was noted elsewhere once: it must be part of it.")
def verify_command(head: str) -> None:
    """Check every seal. Print the end of the chain, to be noted elsewhere; exit with 1 if anything was altered."""
    sealing.seal()
    verdict = verify(head=head)
    for fault in verdict.faults:
        say(fault)
    say(f"{verdict.sealed} events are sealed, {verdict.waiting} wait. The chain ends at {verdict.head}")
    if verdict.faults:
        raise click.ClickException("The audit log is not as it was written.")


@audit.command("export")
@click.option("--since", type=_DAY, help="From this day on, such as 2026-11-28.")
@click.option("--until", type=_DAY, help="To this day, included.")
def export_command(since: datetime | None, until: datetime | None) -> None:
    """Print the log as CSV, the latest first."""
    wanted = queries.Wanted(
        since=clock.start_of_day(since.date()) if since else None,
        until=clock.day_bounds(until.date())[1] if until else None,
    )
    with transaction():
        record("audit-exported", how="command")
    for line in exporting.lines(queries.every_event(wanted)):
        sys.stdout.write(line)
