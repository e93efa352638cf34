"""A consent that was asked for and is waited for: kept in the session of the browser that began it, on the server.

It is good once, for ten minutes, for the person who began it. The verifier never leaves the server (RFC 7636), and the
state that comes back must be the one of this very session (RFC 6749, 10.12).
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import session

from hms import clock
from hms.auth.models import User
from hms.auth.queries import Account
from hms.auth.sessions import browser_session

KEY = "calendar_consent"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class Flow:
    """What was sent along with the request for consent, or stayed here."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)


def begin(user: User | Account) -> Flow:
    """A new flow; one that was begun before in this browser ends."""
    flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(64), secrets.token_urlsafe(32))
    session[KEY] = {**vars(flow), "user_id": str(user.id), "began_at": clock.now().isoformat()}
    return flow


def take(user: User | Account, state: str) -> Flow | None:
    """The flow that waits in this browser, and never again; none when it is another one, too old or not the user's."""
    if KEY not in session:
        return None
    kept = session.pop(KEY)
    browser_session().save()  # now and not with the answer: the same address may be asked for twice meanwhile
    is_fresh = clock.now() - datetime.fromisoformat(kept["began_at"]) <= LASTS
    is_same = hmac.compare_digest(kept["state"].encode(), state.encode())
    if not is_fresh or not is_same or kept["user_id"] != str(user.id):
        return None
    return Flow(kept["state"], kept["verifier"], kept["nonce"])
