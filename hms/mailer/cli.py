"""``flask outbox bounce``: mail that came back is handed in here, by hand or by a mail server's pipe."""

import sys

import click
from sqlalchemy.exc import DBAPIError

from hms import text
from hms.cli import say
from hms.errors import NotFound, Refusal
from hms.mailer import bouncing
from hms.mailer.reports import MAX_BYTES
from hms.outbox.cli import outbox

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: a mail server keeps the report and hands it in again later."""

CHUNK = 64 * 1024


@outbox.command("bounce")
def bounce_command() -> None:
    """Read a report of an email that didn’t arrive from standard input, and mark its address as unreachable.

    A mail server's own report (RFC 3464) or a notification of Amazon SES. Exit code 75 asks to be called again.
    """
    report = _read()
    try:
        said = bouncing.take_report(report)
    except DBAPIError:
        click.echo("The database doesn't answer. Hand the report in again later.", err=True)
        sys.exit(TRY_AGAIN)
    except Refusal as refusal:  # nothing to be done about it, also not by a mail server that would send this back
        said = text.printable(refusal.message)
    say(said)


@outbox.command("unreachable")
def unreachable_command() -> None:
    """List the addresses that email comes back from."""
    for address in bouncing.list_unreachable():
        say(f"{address.email}\t{address.since_at:%Y-%m-%d}\t{address.reason}")


@outbox.command("reachable")
@click.argument("email")
def reachable_command(email: str) -> None:
    """Mark an address as reachable again."""
    if not bouncing.end_mark(email):
        raise NotFound("That address isn't marked as unreachable.")
    say(f"{email} is no longer marked as unreachable.")


def _read() -> bytes:
    """The first megabyte of standard input. The rest is read and forgotten, so that who writes it is not cut off."""
    kept = sys.stdin.buffer.read(MAX_BYTES)
    while sys.stdin.buffer.read(CHUNK):
        pass
    return kept
