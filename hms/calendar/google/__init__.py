"""Google, seen from here: the account's consent (``oauth``) and the calendar (``api``)."""

from flask import current_app


def is_on() -> bool:
    """Whether this clinic has told HMS who it is at Google; without that there is no calendar sync."""
    return bool(current_app.config["GOOGLE_CLIENT_ID"])
