"""Sign-in with a code: setting an app up, recovery codes, and turning it off."""

from flask import current_app, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas, clock
from hms.auth import queries, services
from hms.auth.factors.codes import in_parts, qr_code
from hms.auth.forms import FactorForm
from hms.auth.guards import MUST_ADD_FACTOR
from hms.auth.redirects import home_of
from hms.auth.step_up import needs_proof
from hms.errors import Refusal
from hms.web import render

bp = areas.blueprint("account", "factors", __name__)


@bp.post("/account/security/code/begin")
@needs_proof
def begin() -> ResponseReturnValue:
    """Make a secret for an app."""
    services.begin_app(queries.get_user(current_user.id))
    return redirect(url_for(".app"), 303)


@bp.route("/account/security/code", methods=["GET", "POST"])
@needs_proof
def app() -> ResponseReturnValue:
    """Scan the secret with an app, and enter the first code that it shows."""
    user, form = queries.get_user(current_user.id), FactorForm()
    if services.find_app(user.id):
        return redirect(url_for("security.overview"), 303)
    secret = services.find_begun_secret(user)
    if secret and form.validate_on_submit():
        try:
            made = services.confirm_app(user, form.code.data or "")
        except Refusal as refusal:
            form.reject(refusal)
        else:
            session.pop(MUST_ADD_FACTOR, None)
            return _show(made, is_first=True)
    clinic = current_app.config["CLINIC_NAME"]
    picture = qr_code(secret, email=user.email, clinic=clinic) if secret else None
    return render("factors/app.html", form=form, key=in_parts(secret or ""), picture=picture)


@bp.post("/account/security/recovery-codes")
@needs_proof
def codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them in this very answer: only their hashes are kept."""
    return _show(services.make_new_codes(queries.get_user(current_user.id)))


@bp.post("/account/security/code/remove")
@needs_proof
def remove() -> ResponseReturnValue:
    """Turn sign-in with a code off."""
    services.remove_app(queries.get_user(current_user.id))
    flash("Sign-in with a code is off.", "ok")
    return redirect(url_for("security.overview"), 303)


def _show(made: list[str], *, is_first: bool = False) -> ResponseReturnValue:
    home = home_of(current_user)
    return render("factors/codes.html", codes=made, is_first=is_first, made_at=clock.now(), home=home)
