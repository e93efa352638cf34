"""``flask outbox``: look at the messages, and help those along that are stuck."""

from uuid import UUID

import click

from hms import clock
from hms.cli import Group, say
from hms.db import read_the_clock
from hms.errors import Unavailable
from hms.outbox.delivering import deliver_due, send_again
from hms.outbox.models import MessageStatus, type_of
from hms.outbox.queries import list_messages

outbox = Group("outbox", help="Look at messages to the outside world, and send them.")


@outbox.command("list")
@click.option("--status", type=click.Choice([str(status) for status in MessageStatus]), help="Only these.")
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
def list_command(status: str | None, most: int) -> None:
    """Show the latest messages, newest first."""
    for message in list_messages(status=status, most=most):
        kind = type_of(message.payload, kind=message.kind)
        error = f"  {message.last_error}" if message.last_error else ""
        created = message.created_at.strftime("%Y-%m-%d %H:%M:%SZ")
        say(f"{message.id}  {created}  {message.status:<8}  {message.attempts}x  {kind}{error}")


@outbox.command("retry")
@click.argument("message_ids", nargs=-1, type=click.UUID)
@click.option("--all-dead", is_flag=True, help="All that were given up.")
def retry_command(message_ids: tuple[UUID, ...], all_dead: bool) -> None:
    """Try messages that were given up for three days more."""
    if all_dead:
        message_ids = tuple(message.id for message in list_messages(status=MessageStatus.DEAD, most=100_000))
    again = [message_id for message_id in message_ids if send_again(message_id)]
    say(f"{len(again)} of {len(message_ids)} messages will be sent again.")


@outbox.command("deliver")
def deliver_command() -> None:
    """Deliver what is due now, as the worker does."""
    read_the_clock(unless_within=1)
    if trouble := clock.trouble():
        raise Unavailable(f"{trouble} Nothing was sent.")
    say(f"{deliver_due()} messages tried.")
