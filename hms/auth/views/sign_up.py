"""Signing up. Where mail is on, the address is proved first: email, code, details. Where it is off, one form.

The pages are the same for an address with an account and one without. What the browser has proved stands in a row that
its session names; the kind of account and the page to go on to stand in the addresses and forms.
"""

from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import mailer
from hms.auth import codes, queries, services
from hms.auth.forms import AddressForm, CodeForm, DoctorSignUpForm, PatientSignUpForm
from hms.auth.guards import sign_in
from hms.auth.models import EmailCode, User
from hms.auth.redirects import home_of, safe_next
from hms.errors import NotFound, Refusal
from hms.forms import HmsForm
from hms.web import render

BROWSER = "sign_up"
"""Where the session keeps the random value that the browser's request for a code is found by."""

KINDS = ("patient", "doctor")


def register(bp: Blueprint) -> None:
    """Add the pages to the blueprint of accounts."""
    bp.add_url_rule("/signup", "signup", signup)
    for rule, view in (
        ("/signup/email", signup_email),
        ("/signup/code", signup_code),
        ("/signup/account", signup_account),
        ("/signup/patient", signup_patient),
        ("/signup/doctor", signup_doctor),
    ):
        bp.add_url_rule(rule, view.__name__, view, methods=["GET", "POST"])


def signup() -> ResponseReturnValue:
    """Choose whom the account is for."""
    return _home() or render("auth/signup.html", next=_next())


def signup_email() -> ResponseReturnValue:
    """Say which address the account is to have; a code is sent there."""
    if home := _home():
        return home
    if not mailer.is_on():
        return _to(f"signup_{_kind()}")
    form = AddressForm()
    if form.validate_on_submit():
        try:
            services.send_code(form.email.data or "", browser=_new_browser())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return _to("signup_code")
    return render("auth/signup_email.html", form=form, next=_next(), kind=_kind())


def signup_code() -> ResponseReturnValue:
    """Enter the code."""
    asked = _request()
    if home := _home():
        return home
    if asked is None:
        return _to("signup_email")
    if services.is_proof(asked):
        return _to(f"signup_{_kind()}")
    form = CodeForm()
    if form.validate_on_submit():
        try:
            services.enter_code(form.code.data or "", browser=session[BROWSER])
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return _to(f"signup_{_kind()}")
    return render(
        "auth/signup_code.html",
        form=form,
        next=_next(),
        kind=_kind(),
        asked=asked,
        again_at=services.code_again_at(asked.email),
        is_locked=asked.wrong_tries >= codes.MAX_TRIES or isinstance(form.refusal, services.TooManyTries),
    )


def signup_account() -> ResponseReturnValue:
    """There is an account with the address that was proved: sign in, or set a new password."""
    asked = _proof()
    user = queries.find_user_by_email(asked.email) if asked else None
    if home := _home():
        return home
    if asked is None or user is None:
        return _to(f"signup_{_kind()}")
    form = HmsForm()
    if form.validate_on_submit():
        return redirect(url_for("recovery.reset", token=services.reset_by_proof(browser=session[BROWSER])), 303)
    return render("auth/signup_account.html", form=form, user=user, next=_next(), kind=_kind())


def signup_patient() -> ResponseReturnValue:
    """Open a patient's account."""
    if before := _home() or _what_comes_before("patient"):
        return before
    form, asked = PatientSignUpForm(), _proof()
    if asked:
        del form.email
    if form.validate_on_submit():
        try:
            return _welcome(services.sign_up_patient(**form.details(), **_proved(asked)))
        except Refusal as refusal:
            form.reject(refusal)
    return render("auth/signup_patient.html", form=form, next=_next(), asked=asked)


def signup_doctor() -> ResponseReturnValue:
    """Open a doctor's account, which waiting for approval."""
    if before := _home() or _what_comes_before("doctor"):
        return before
    form, asked = DoctorSignUpForm(), _proof()
    if asked:
        del form.email
    if form.validate_on_submit():
        try:
            return _welcome(services.sign_up_doctor(**form.details(), **_proved(asked)))
        except Refusal as refusal:
            form.reject(refusal)
    return render("auth/signup_doctor.html", form=form, next=_next(), asked=asked)


def _what_comes_before(kind: str) -> ResponseReturnValue | None:
    """The step that has to be done first; None when the details are next."""
    if not mailer.is_on():
        return None
    asked = _proof()
    if asked is None:
        return _to("signup_email", kind=kind)
    return _to("signup_account", kind=kind) if queries.find_user_by_email(asked.email) else None


def _proved(asked: EmailCode | None) -> dict[str, Any]:
    return {"email": asked.email, "browser": session[BROWSER]} if asked else {}


def _request() -> EmailCode | None:
    """What this browser has asked for, if mail is on."""
    if not mailer.is_on() or BROWSER not in session:
        return None
    return queries.find_live_code(codes.hash_of_browser(session[BROWSER]))


def _proof() -> EmailCode | None:
    """The request whose code was entered, while it lasts."""
    asked = _request()
    return asked if asked and services.is_proof(asked) else None


def _new_browser() -> str:
    """The value that this browser is known by; made when it first asks."""
    if BROWSER not in session:
        session[BROWSER] = codes.new_browser()
    return str(session[BROWSER])


def _welcome(user: User) -> ResponseReturnValue:
    sign_in(user, proved_hash=user.password_hash)
    return redirect(_next() or home_of(user), 303)


def _home() -> ResponseReturnValue | None:
    """Whoever is signed in needs no account."""
    return redirect(home_of(current_user), 303) if current_user.is_authenticated else None


def _to(view: str, *, kind: str | None = None) -> ResponseReturnValue:
    is_details = view in ("signup_patient", "signup_doctor")  # which say the kind themselves
    return redirect(url_for(f"auth.{view}", kind=None if is_details else kind or _kind(), next=_next()), 303)


def _kind() -> str:
    kind = request.values.get("kind", KINDS[0])
    if kind not in KINDS:
        raise NotFound
    return kind


def _next() -> str | None:
    return safe_next(request.values.get("next"))
