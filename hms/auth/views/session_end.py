"""How long a sign-in still lasts, and staying signed in.

A page asks when it would be about to end, without being counted as activity: another tab may have gone on meanwhile.
"""

from datetime import timedelta

from flask import Flask, Response, jsonify
from flask_login import current_user

from hms import areas, clock
from hms.auth import session_limits
from hms.auth.sessions import browser_session

WARNED_BEFORE = timedelta(minutes=2)

bp = areas.blueprint("public", "session_end", __name__)


@bp.get("/session/ends")
def ends() -> Response:
    """In how many seconds the sign-in ends if nobody does anything; 0 when it is over."""
    return _seconds()


@bp.post("/session/stay")
def stay() -> Response:
    """Stay signed in for as long again; 0 seconds when it was too late."""
    if current_user.is_authenticated:
        browser_session().note_activity()
    return _seconds()


def init_app(app: Flask) -> None:
    """Tell pages when to ask first."""
    app.jinja_env.globals["seconds_before_warning"] = _seconds_before_warning


def _seconds_before_warning() -> int:
    """After how long a page of somebody signed in may have to warn; it was noted as seen a minute ago at most."""
    first = session_limits.idle_time(current_user.role) - session_limits.SEEN_EVERY - WARNED_BEFORE
    return max(10, int(first.total_seconds()))


def _seconds() -> Response:
    ends_at = browser_session().ends_at()
    left = ends_at - clock.now() if ends_at else timedelta()
    answer = jsonify(seconds=max(0, int(left.total_seconds())))
    answer.headers["Cache-Control"] = "no-store"
    return answer
