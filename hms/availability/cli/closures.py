"""``flask closures``: days on which the whole clinic is closed, such as public holidays."""

from datetime import date
from uuid import UUID

import click

from hms import clock
from hms.availability import queries, services
from hms.availability.booking_rules import counted
from hms.availability.cli.words import Day
from hms.availability.models import Closure
from hms.availability.visits import Visit
from hms.cli import Group, say

closures = Group("closures", help="Close the clinic on public holidays and the like.")


@closures.command("add")
@click.option("--first", type=Day(), required=True, help="The day, or the first day.")
@click.option("--last", type=Day(), help="The last day; without it, one day.")
@click.option("--name", required=True, help="The name that people see, such as Christmas Day.")
def add_command(first: date, last: date | None, name: str) -> None:
    """Hide every doctor's free slots on these days, and list who is still booked. Nothing is cancelled."""
    closing = services.add_closure(first_day=first, last_day=last or first, name=name)
    say(f"Closed: {_line(closing.closure)}. Hid {counted(closing.hidden_free, 'free slot')}.")
    if closing.booked:
        say("Still booked. Closing doesn’t cancel these appointments:")
    for visit in closing.booked:
        say(f"  {_visit(visit)}")
    if closing.booked_count > len(closing.booked):
        say(f"  and {closing.booked_count - len(closing.booked):,} more. The closure’s page lists them all.")


@closures.command("list")
def list_command() -> None:
    """List current and upcoming closures, with their ids."""
    for closure in queries.list_closures():
        say(f"{closure.id}  {_line(closure)}")


@closures.command("remove")
@click.argument("closure_id", type=UUID)
def remove_command(closure_id: UUID) -> None:
    """Open the clinic again. The free slots will be back in a few minutes."""
    closure = services.remove_closure(closure_id)
    say(f"Removed: {_line(closure)}. The slots will be back in a few minutes.")


def _line(closure: Closure) -> str:
    days = (
        f"{closure.first_day}"
        if closure.first_day == closure.last_day
        else f"{closure.first_day} to {closure.last_day}"
    )
    return f"{days}, {closure.name}"


def _visit(visit: Visit) -> str:
    return f"{visit.reference}  {clock.to_clinic(visit.starts_at):%Y-%m-%d %H:%M}  {visit.doctor_name}"
