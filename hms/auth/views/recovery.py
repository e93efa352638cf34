"""Verifying an address, and setting a new password: by a link, or by somebody who knows the present one.

A link in a mail only opens a page: mail programs and scanners follow links by themselves. A button acts.
"""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas, mailer
from hms.auth import devices, queries, services
from hms.auth.forms import ChangePasswordForm, ForgotForm, NewPasswordForm
from hms.auth.guards import sign_in, sign_out
from hms.auth.models import User
from hms.auth.queries import Account
from hms.auth.redirects import home_of
from hms.auth.sessions import browser_session
from hms.auth.tokens import LinkEnded
from hms.errors import Refusal
from hms.forms import HmsForm
from hms.web import query_params, render
from hms.web.formats import time

bp = areas.blueprint("account", "recovery", __name__)


@bp.after_request
def _tell_nobody_the_address(response: Response) -> Response:
    """The page's address holds the token: no other page is told where its visitor came from."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.errorhandler(LinkEnded)
def _ended(refusal: LinkEnded) -> ResponseReturnValue:
    """The link does not work, and where to get another."""
    return render(
        "recovery/ended.html", status=refusal.status, refusal=refusal, is_reset=request.endpoint == "recovery.reset"
    )


@bp.route("/forgot-password", methods=["GET", "POST"], access="public")
def forgot() -> ResponseReturnValue:
    """Ask for a link; the answer is the same whether there is an account or not."""
    form = ForgotForm()
    if mailer.is_on() and form.validate_on_submit():
        services.ask_for_reset(form.email.data or "")
        return redirect(url_for(".sent"), 303)
    return render("recovery/forgot.html", form=form)


@bp.get("/forgot-password/sent", access="public")
def sent() -> ResponseReturnValue:
    """Look into your mail."""
    return render("recovery/sent.html")


@bp.route("/reset-password/<token>", methods=["GET", "POST"], access="public")
def reset(token: str) -> ResponseReturnValue:
    """Set a new password, and sign in with it."""
    owner = services.check_reset(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            services.reset_password(token, form.password.data or "", device=devices.current())
        except LinkEnded:  # somebody was quicker with the same link: no field of this form can help
            raise
        except Refusal as refusal:
            form.reject(refusal)
        else:
            sign_out()
            browser_session()["email_to_sign_in"] = owner.email
            return redirect(url_for("auth.login", reset=1), 303)
    return render("recovery/reset.html", form=form, token=token, email=owner.email)


@bp.route("/account/password", methods=["GET", "POST"])
def renew() -> ResponseReturnValue:
    """Change the password: every other browser is signed out, this one goes on in a session that is new."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            user = queries.get_user(current_user.id)
            user = services.change_password(user, current=form.current.data or "", password=form.password.data or "")
            sign_in(user, proved_hash=user.password_hash)
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".renew", saved=1), 303)
    return render("recovery/renew.html", form=form, is_saved=query_params.is_given("saved"), home=home_of(current_user))


@bp.route("/verify-email/<token>", methods=["GET", "POST"], access="public")
def verify(token: str) -> ResponseReturnValue:
    """Confirm an address by pressing the button."""
    services.check_verification(token)
    form = HmsForm()
    if form.validate_on_submit():
        services.verify_email(token)
        return redirect(url_for(".verified"), 303)
    return render("recovery/verify.html", form=form, token=token)


@bp.get("/verify-email/done", access="public")
def verified() -> ResponseReturnValue:
    """The address is confirmed."""
    home = home_of(current_user) if current_user.is_authenticated else url_for("auth.login")
    return render("recovery/verified.html", home=home)


@bp.post("/verify-email/send")
def send_verification() -> ResponseReturnValue:
    """Send the link again."""
    again_at = services.send_verification(queries.get_user(current_user.id))
    if current_user.email_verified_at:
        flash("Your email is already confirmed.")
    elif mailer.is_on() and again_at:
        flash(f"We’ve just sent a link to {current_user.email}. You can ask for another at {time(again_at)}.", "warn")
    elif mailer.is_on():
        flash(f"A new link is on its way to {current_user.email}.")
    else:
        flash("Email is turned off at this clinic, so we can’t send a link.", "warn")
    return redirect(home_of(current_user), 303)


def unverified(user: User | Account) -> str:
    """The panel that asks somebody to confirm their address; nothing once they have."""
    if user.email_verified_at is not None or not mailer.is_on():
        return ""
    return render_template("recovery/_unverified.html", user=user)
