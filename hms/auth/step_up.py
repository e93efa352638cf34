"""Stepping up: before something is changed that opens the account, its owner proves again that it is them.

A password or a code that was entered within ten minutes is enough, signing in included. A page asks for it with
``@needs_proof``; forms that ask for the password themselves (the private feed, the connection to a calendar, a new
password) do without.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.redirects import page_behind

PROVED_AT = "proved_at"
LASTS = timedelta(minutes=10)

View = Callable[..., ResponseReturnValue]


def note() -> None:
    """Note in the session that its owner has just proved who they are."""
    session[PROVED_AT] = clock.now().isoformat()


def is_fresh() -> bool:
    """Whether that was within ten minutes."""
    proved_at = session.get(PROVED_AT)
    return proved_at is not None and clock.now() - datetime.fromisoformat(proved_at) < LASTS


def needs_proof(view: View) -> View:
    """A view that sends whoever has not proved who they are within ten minutes to do so first, and back."""

    @wraps(view)
    def proved(*args: Any, **values: Any) -> ResponseReturnValue:
        if not is_fresh():
            return redirect(url_for("security.confirm", next=page_behind(request)), 303)
        return view(*args, **values)

    return proved
