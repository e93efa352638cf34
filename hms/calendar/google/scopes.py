"""What HMS asks Google for, and what people really gave (they can untick boxes on the consent page).

https://developers.google.com/workspace/calendar/api/auth
"""

from hms.auth.models import Role, User
from hms.auth.queries import Account

EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"
FREE_BUSY = "https://www.googleapis.com/auth/calendar.freebusy"
IDENTITY = ("openid", "email")

WORDS = {
    EVENTS: "Write your appointments into your calendar, and change or remove them",
    FREE_BUSY: "See when you’re busy, but not why",
}


def asked_of(user: User | Account) -> str:
    """What is asked of a user: patients have no times to offer, so nobody looks when they are busy."""
    return " ".join([*IDENTITY, EVENTS, *([FREE_BUSY] if user.role == Role.DOCTOR else [])])


def granted(scopes: str, scope: str) -> bool:
    """Whether ``scope`` is among those that were granted, separated by blanks."""
    return scope in scopes.split()
