"""Sign-in and security: how somebody signs in, and where they are signed in."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas
from hms.auth import queries, services, step_up
from hms.auth.forms import ConfirmForm, FactorForm
from hms.auth.models import User
from hms.auth.redirects import safe_next
from hms.auth.sessions import browser_session
from hms.errors import Refusal
from hms.web import render

bp = areas.blueprint("account", "security", __name__)


@bp.get("/account/security")
def overview() -> ResponseReturnValue:
    """The password, the code from an app, and every browser that is signed in."""
    return render(
        "security/overview.html",
        sign_ins=queries.list_sign_ins(current_user.id),
        here=browser_session().id_hash,
        app=services.find_app(current_user.id),
        codes_left=services.count_codes(current_user.id),
    )


@bp.route("/account/security/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Prove again who one is, by a code where there is an app and by the password elsewhere, and go on."""
    user, target = queries.get_user(current_user.id), safe_next(request.values.get("next"))
    has_app = services.find_app(user.id) is not None
    form = FactorForm() if has_app else ConfirmForm()
    if form.validate_on_submit():
        try:
            _check(user, form)
        except Refusal as refusal:
            form.reject(refusal)
        else:
            step_up.note()
            return redirect(target or url_for(".overview"), 303)
    return render("security/confirm.html", form=form, next=target, has_app=has_app)


def _check(user: User, form: FactorForm | ConfirmForm) -> None:
    if isinstance(form, FactorForm):
        services.check_factor(user, form.code.data or "")
    else:
        services.prove_password(user, form.password.data or "")


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
