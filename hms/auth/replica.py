"""Who may read what is some seconds old: strangers. Whoever is signed in sees at once what they did a moment ago."""

from flask import Blueprint

from hms.auth.sessions import browser_session
from hms.db import read_the_replica


def strangers_read_the_replica(blueprint: Blueprint) -> None:
    """Let the pages of ``blueprint`` read the replica, if there is one, for visitors who are not signed in."""
    blueprint.before_request(_choose)


def _choose() -> None:
    if not browser_session().may_be_signed_in:
        read_the_replica()
