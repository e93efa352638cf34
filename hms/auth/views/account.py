"""Signing up, in and out."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms.auth import services
from hms.auth.forms import DoctorSignUpForm, PatientSignUpForm, SignInForm
from hms.auth.guards import guard, sign_in, sign_out
from hms.auth.models import User
from hms.auth.redirects import home_of, safe_next
from hms.errors import Refusal
from hms.web import render

bp = Blueprint("auth", __name__)
guard(bp, "public")


@bp.get("/signup")
def signup() -> ResponseReturnValue:
    """Choose whom the account is for."""
    if current_user.is_authenticated:
        return redirect(home_of(current_user), 303)
    return render("auth/signup.html", next=_next())


@bp.route("/signup/patient", methods=["GET", "POST"])
def signup_patient() -> ResponseReturnValue:
    """Open a patient's account."""
    if current_user.is_authenticated:
        return redirect(home_of(current_user), 303)
    form = PatientSignUpForm()
    if form.validate_on_submit():
        try:
            user = services.sign_up_patient(**form.details())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return _welcome(user)
    return render("auth/signup_patient.html", form=form, next=_next())


@bp.route("/signup/doctor", methods=["GET", "POST"])
def signup_doctor() -> ResponseReturnValue:
    """Open a doctor's account, which waits for approval."""
    if current_user.is_authenticated:
        return redirect(home_of(current_user), 303)
    form = DoctorSignUpForm()
    if form.validate_on_submit():
        try:
            user = services.sign_up_doctor(**form.details())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return _welcome(user)
    return render("auth/signup_doctor.html", form=form, next=_next())


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in, and go on to where one was going."""
    form = SignInForm()
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(home_of(current_user), 303)
    if form.validate_on_submit():
        try:
            return _welcome(services.authenticate(**form.details()))
        except Refusal as refusal:
            form.reject(refusal)
    news = {"has_ended": "ended" in request.args, "is_reset": "reset" in request.args}
    return render("auth/login.html", form=form, next=_next(), **news)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return redirect(url_for("directory.landing"), 303)


def _welcome(user: User) -> ResponseReturnValue:
    sign_in(user, proved_hash=user.password_hash)
    return redirect(_next() or home_of(user), 303)


def _next() -> str | None:
    return safe_next(request.values.get("next"))
