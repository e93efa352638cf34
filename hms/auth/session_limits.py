"""How long a sign-in lasts.

Half an hour without a click for patients and a quarter for staff, and a hospital's shift in any case, all set by the
clinic; NIST SP 800-63B (AAL2) asks for at most an hour and a day.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from flask import current_app

from hms.auth.models import Role

SEEN_EVERY = timedelta(minutes=1)
"""How old ``last_seen_at`` may grow before it is written again: reading pages should not write at every click."""


MOST_SIGN_INS = 20
"""With how many browsers somebody can be signed in at once; of more, those that were used longest ago are out."""


class IdleSince(NamedTuple):
    """Who was last seen before these moments is signed out: patients, and everybody who sees data of others."""

    patients: datetime
    staff: datetime


def idle_time(role: str) -> timedelta:
    """How long somebody can do nothing and stay signed in."""
    who = "" if role == "patient" else "STAFF_"
    return timedelta(minutes=current_app.config[f"{who}SESSION_IDLE_MINUTES"])


def idle_since(now: datetime) -> IdleSince:
    """The moments that count at ``now``."""
    config = current_app.config
    minutes = config["SESSION_IDLE_MINUTES"], config["STAFF_SESSION_IDLE_MINUTES"]
    return IdleSince(*(now - timedelta(minutes=each) for each in minutes))


def ends_at(now: datetime, role: str) -> datetime:
    """When a sign-in that begins now ends, however busy it is."""
    config = current_app.config
    return now + timedelta(hours=config["SESSION_HOURS"] if role == Role.PATIENT else config["STAFF_SESSION_HOURS"])
