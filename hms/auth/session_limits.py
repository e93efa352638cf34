"""How long a sign-in lasts.

Half an hour without a click, and a hospital's shift in any case, both set by the clinic; NIST SP 800-63B (AAL2) asks
for at most an hour and a day.
"""

from datetime import datetime, timedelta

from flask import current_app

SEEN_EVERY = timedelta(minutes=1)
"""How old ``last_seen_at`` may grow before it is written again: reading pages should not write at every click."""


def idle_since(now: datetime) -> datetime:
    """Who was last seen before this moment is signed out."""
    return now - timedelta(minutes=current_app.config["SESSION_IDLE_MINUTES"])


def ends_at(now: datetime) -> datetime:
    """When a sign-in that begins now ends, however busy it is."""
    return now + timedelta(hours=current_app.config["SESSION_HOURS"])
