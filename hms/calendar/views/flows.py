"""Consents that were asked for and are waited for: kept in the session of the browser that began them, on the server.

Each is good once, for ten minutes, for the person who began it, and as long as the password is the one that was proved.
Several tabs wait beside each other. The verifier never leaves the server (RFC 7636), and the state that comes back must
be one of this very session (RFC 6749, 10.12); one that is not changes nothing.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import session

from hms import clock
from hms.auth import queries as people
from hms.auth import services as accounts
from hms.auth.models import User
from hms.auth.queries import Account
from hms.auth.sessions import browser_session

KEY = "calendar_consent"
LASTS = timedelta(minutes=10)


MAX_FLOWS = 5
"""How many tabs can be at Google at once; the oldest is forgotten."""


@dataclass(frozen=True)
class Flow:
    """What was sent along with the request for consent, or stayed here."""

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)


def begin(user: User | Account, *, proved_hash: str) -> Flow:
    """A new flow, for somebody who has proved the password."""
    flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(64), secrets.token_urlsafe(32))
    kept = {"user_id": str(user.id), "began_at": clock.now().isoformat(), "proved": accounts.fingerprint(proved_hash)}
    latest = sorted(_waiting().items(), key=lambda item: item[1]["began_at"])[-(MAX_FLOWS - 1) :]
    session[KEY] = {**dict(latest), flow.state: {"verifier": flow.verifier, "nonce": flow.nonce, **kept}}
    return flow


def take(user: User | Account, state: str) -> tuple[Flow, str] | None:
    """The flow that waits in this browser under ``state``, and never again, and the hash of the password that was
    proved for it. None when nothing waits there, it is too old, not the user's, or the password is another one now.
    """
    waiting = _waiting()
    kept = waiting.pop(state, None)
    if kept is None:
        return None
    session[KEY] = waiting
    browser_session().save()  # now and not with the answer: the same address may be asked for twice meanwhile
    proved_hash = _proved_hash(user, kept["proved"])
    is_fresh = clock.now() - datetime.fromisoformat(kept["began_at"]) <= LASTS
    if not is_fresh or kept["user_id"] != str(user.id) or proved_hash is None:
        return None
    return Flow(state, kept["verifier"], kept["nonce"]), proved_hash


def _waiting() -> dict[str, dict[str, Any]]:
    return dict(session[KEY]) if KEY in session else {}


def _proved_hash(user: User | Account, proved: str) -> str | None:
    """The account's hash, if it is the one whose password was proved; that it still is, the service asks again."""
    found = people.find_user(user.id)
    if found is None or not hmac.compare_digest(accounts.fingerprint(found.password_hash), proved):
        return None
    return found.password_hash
