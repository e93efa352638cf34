"""The keys that seal what Google entrusts to us, and the secrets of second factors: ``flask keys --help``."""

import click

from hms.auth import services as accounts
from hms.calendar.services import connections
from hms.cli import Group, say
from hms.config.google import new_key

group = Group("keys", help="The keys in HMS_ENCRYPTION_KEYS: make one, go over to a new one.")


@group.command("new", with_appcontext=False)
def new() -> None:
    """Print a fresh key for HMS_ENCRYPTION_KEYS."""
    say(new_key())


@group.command("rotate")
def rotate() -> None:
    """Seal everything with the newest key, which stands first; the others can be removed afterwards."""
    changed, unreadable = map(sum, zip(connections.reseal_all(), accounts.reseal_apps(), strict=True))
    say(f"{changed} sealed again.")
    if unreadable:
        raise click.ClickException(
            f"{unreadable} can’t be opened by any key in HMS_ENCRYPTION_KEYS. Add the key that they were sealed with, "
            "or their owners have to connect again."
        )
    say("The newest key opens everything: the others can be removed from HMS_ENCRYPTION_KEYS.")
