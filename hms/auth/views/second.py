"""The second half of signing in: the code of an app, where the account has one.

Until it is entered nobody is signed in. The browser keeps, signed, whose password it has proved, for ten minutes.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth import queries, services
from hms.auth.forms import FactorForm
from hms.auth.guards import MUST_ADD_FACTOR, sign_in
from hms.auth.models import User
from hms.auth.redirects import home_of, safe_next
from hms.auth.views.signed_out import page_to_come_back_to
from hms.errors import Refusal
from hms.web import render
from hms.web.formats import day

KEY = "password_proved"
LASTS = timedelta(minutes=10)


def register(bp: Blueprint) -> None:
    """Add the page to the blueprint of accounts."""
    bp.add_url_rule("/login/code", "second", second, methods=["GET", "POST"])


def after_password(user: User, target: str | None) -> ResponseReturnValue:
    """Go on with somebody whose password was right: to the code where there is an app, otherwise in."""
    if services.find_app(user.id) is None:
        return enter(user, target)
    proved = services.fingerprint(user.password_hash)
    session[KEY] = {"user_id": str(user.id), "proved": proved, "at": clock.now().isoformat()}
    return redirect(url_for("auth.second", next=target), 303)


def second() -> ResponseReturnValue:
    """Enter the code that the app shows, or one from paper."""
    user, target = _proved(), safe_next(request.values.get("next"))
    if user is None:
        return redirect(url_for("auth.login", next=target), 303)
    form = FactorForm()
    if form.validate_on_submit():
        try:
            services.check_factor(user, form.code.data or "")
            session.pop(KEY)
            return enter(user, target)
        except Refusal as refusal:
            form.reject(refusal)
    return render("auth/second.html", form=form, next=target)


def enter(user: User, target: str | None) -> ResponseReturnValue:
    """Sign in and go on; staff without a second factor are reminded, and led to set one up once their days are over."""
    due_at = services.factor_due_at(user)
    more = {MUST_ADD_FACTOR: "1"} if due_at and due_at <= clock.now() else {}
    sign_in(user, proved_hash=user.password_hash, **more)
    if due_at and not more:
        flash(f"Set up sign-in with a code by {day(due_at)}: open Sign-in and security in your account menu.", "warn")
    return redirect(target or page_to_come_back_to() or home_of(user), 303)


def _proved() -> User | None:
    """Whose password this browser has proved within ten minutes, if it is still that password."""
    kept = dict(session).get(KEY)
    if not kept or clock.now() - datetime.fromisoformat(kept["at"]) > LASTS:
        return None
    user = queries.find_user(UUID(kept["user_id"]))
    is_same = user and hmac.compare_digest(services.fingerprint(user.password_hash), kept["proved"])
    return user if user and is_same and user.is_active else None
