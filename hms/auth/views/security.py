"""Sign-in and security: how somebody signs in, and where they are signed in."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas
from hms.auth import queries, services
from hms.auth.sessions import browser_session
from hms.web import render

bp = areas.blueprint("account", "security", __name__)


@bp.get("/account/security")
def overview() -> ResponseReturnValue:
    """The password, and every browser that is signed in."""
    return render(
        "security/overview.html", sign_ins=queries.list_sign_ins(current_user.id), here=browser_session().id_hash
    )


@bp.post("/account/security/sign-ins/<ref>/end")
def end(ref: str) -> ResponseReturnValue:
    """Sign another browser out."""
    ended = services.end_own_sign_in(current_user.id, ref, here=browser_session().id_hash)
    name = (ended and ended.device) or "That device"
    flash(f"{name} is signed out. If you didn’t recognise it, change your password too.", "ok")
    return redirect(url_for(".overview"), 303)


@bp.post("/account/security/sign-ins/end")
def end_others() -> ResponseReturnValue:
    """Sign every other browser out."""
    services.end_other_sign_ins(current_user.id, here=browser_session().id_hash)
    flash("You’re signed out everywhere else.", "ok")
    return redirect(url_for(".overview"), 303)
