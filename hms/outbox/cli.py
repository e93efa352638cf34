"""``flask outbox``: look at the messages, and help those along that are stuck."""

from datetime import datetime
from uuid import UUID

import click

from hms import clock
from hms.cli import Group, say
from hms.db import read_the_clock
from hms.errors import Conflict, Invalid, Unavailable
from hms.outbox import holding
from hms.outbox.delivering import deliver_due, send_again
from hms.outbox.models import MessageStatus, type_of
from hms.outbox.queries import list_messages

outbox = Group("outbox", help="Look at messages to the outside world, and send them.")


@outbox.command("list")
@click.option("--status", type=click.Choice([str(status) for status in MessageStatus]), help="Only these.")
@click.option("--most", "limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
def list_command(status: str | None, limit: int) -> None:
    """Show the latest messages, newest first."""
    if state := holding.held():
        say(f"Nothing is sent since {_moment(state.held_at)}. {state.held_because} See `flask outbox release --help`.")
    for message in list_messages(status=status, limit=limit):
        kind = type_of(message.payload, kind=message.kind)
        error = f"  {message.last_error}" if message.last_error else ""
        say(f"{message.id}  {_moment(message.created_at)}  {message.status:<8}  {message.attempts}x  {kind}{error}")


@outbox.command("retry")
@click.argument("message_ids", nargs=-1, type=click.UUID)
@click.option("--all-dead", is_flag=True, help="All that were given up.")
def retry_command(message_ids: tuple[UUID, ...], all_dead: bool) -> None:
    """Try messages that were given up for three days more."""
    if all_dead:
        message_ids = tuple(message.id for message in list_messages(status=MessageStatus.DEAD, limit=100_000))
    again = [message_id for message_id in message_ids if send_again(message_id)]
    say(f"{len(again)} of {len(message_ids)} messages will be sent again.")


@outbox.command("hold")
def hold_command() -> None:
    """Let nothing leave until `flask outbox release`; messages are kept."""
    holding.hold()
    say("Messages are held. What is being sent at this moment is finished.")


@outbox.command("release")
@click.option(
    "--since", help="Leave out what was due before this: 2026-11-28T10:00 on the clinic's clock, or with +01:00."
)
def release_command(since: str | None) -> None:
    """Send again what was held. After a restore, name the moment at which the old database went out of use."""
    left_out = holding.release(since=None if since is None else _read_moment(since))
    say(f"Messages are sent again. {left_out} from before were left out.")


@outbox.command("deliver")
def deliver_command() -> None:
    """Deliver what is due now, as the worker does."""
    read_the_clock(unless_within=1)
    if trouble := clock.trouble():
        raise Unavailable(f"{trouble} Nothing was sent.")
    if state := holding.held():
        raise Conflict(f"Nothing is sent since {_moment(state.held_at)}. {state.held_because}")
    say(f"{deliver_due()} messages tried.")


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"


def _read_moment(written: str) -> datetime:
    """ISO 8601 (RFC 3339); without an offset it is the clinic's wall clock. Raises :class:`hms.errors.Invalid`."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Invalid("Enter --since like 2026-11-28T10:00.") from None
    return moment if moment.tzinfo else clock.from_clinic(moment.date(), moment.time())
