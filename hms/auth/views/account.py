"""Signing in and out; signing up has a file of its own."""

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas
from hms.auth import services
from hms.auth.forms import SignInForm
from hms.auth.guards import sign_out
from hms.auth.redirects import home_of, safe_next
from hms.auth.sessions import browser_session
from hms.auth.views import second, sign_up
from hms.errors import Refusal
from hms.web import query_params, render

bp = areas.blueprint("public", "auth", __name__)
sign_up.register(bp)
second.register(bp)


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in, and go on to where one was going."""
    form, target = SignInForm(), safe_next(request.values.get("next"))
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(home_of(current_user), 303)
    if form.validate_on_submit():
        try:
            user = services.authenticate(**form.details())
            return second.after_password(user, target)
        except Refusal as refusal:
            form.reject(refusal)
    if request.method != "POST" and query_params.is_given("reset"):
        form.email.data = browser_session().get("email_to_sign_in", "")
    news = {"has_ended": query_params.is_given("ended"), "is_reset": query_params.is_given("reset")}
    return render("auth/login.html", form=form, next=target, **news)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(areas.home_of("public"), 303)
