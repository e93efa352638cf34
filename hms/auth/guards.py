"""Who may pass: one guard at each blueprint's door, and the person who has passed it.

`access` says for every blueprint (and for single endpoints that differ, or have no blueprint) who that is.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, logout_user
from werkzeug.local import LocalProxy

from hms.auth.models import Doctor, PatientKey, Role, User
from hms.auth.queries import Account
from hms.auth.redirects import page_behind
from hms.auth.sessions import browser_session
from hms.errors import Forbidden

EVERYBODY = frozenset(Role)
ROLES: dict[str, frozenset[Role]] = {
    "signed-in": EVERYBODY,
    "patient": frozenset({Role.PATIENT}),
    "doctor": frozenset({Role.DOCTOR}),
    "has-appointments": frozenset({Role.PATIENT, Role.DOCTOR}),
    "staff": frozenset({Role.RECEPTIONIST, Role.ADMIN}),
    "admin": frozenset({Role.ADMIN}),
}
"""Who passes with each kind of access but ``public``, which lets everybody pass and asks nothing."""

access: dict[str, str] = dict.fromkeys(("static", "healthz", "readyz", "styleguide"), "public")
"""The access to each blueprint, by its name, and to each endpoint that differs."""


class Visitor(AnonymousUserMixin):
    """``current_user`` when nobody is signed in."""

    role = patient = doctor = None
    full_name = ""


class Logins(LoginManager):
    """Flask-Login without its own check of the browser, which costs a hash in each request even where it is off."""

    def _session_protection_failed(self) -> bool:
        return False


login_manager = Logins()
login_manager.session_protection = None  # the random value in the cookie is the proof, whatever address it comes from
login_manager.anonymous_user = Visitor


@login_manager.user_loader
def _load_user(user_id: str) -> Account | None:
    """The account that came with the session's row."""
    account = browser_session().account
    return account if account and account.get_id() == user_id else None


def init_app(app: Flask) -> None:
    """Let Flask-Login say who the current user is.

    Its ``init_app`` would also look after a "remember me" cookie at every answer, which there is none of here.
    """
    app.login_manager = login_manager  # type: ignore[attr-defined]
    app.context_processor(lambda: {"current_user": current_user})
    app.add_template_global(signed_in_email)


def signed_in_email() -> str:
    """The email of whoever is signed in; nothing for a stranger."""
    return current_user.email if current_user.is_authenticated else ""


def guard(blueprint: Blueprint, allowed: str, **exceptions: str) -> None:
    """Let only those pass into ``blueprint`` whom ``allowed`` names; ``view="admin"`` names others for a single view.

    Who is not signed in is sent to sign in first; who has another role is refused as :class:`hms.errors.Forbidden`.
    """
    named = {blueprint.name: allowed} | {f"{blueprint.name}.{view}": other for view, other in exceptions.items()}
    if unknown := set(named.values()) - {"public", *ROLES}:
        raise ValueError(f"There is no access for {unknown.pop()!r}; there are public, {', '.join(ROLES)}.")
    access.update(named)
    blueprint.before_request(partial(_check, blueprint.name))


def access_of(endpoint: str) -> str | None:
    """Who may reach an endpoint; None when nothing was declared."""
    return access.get(endpoint) or access.get(endpoint.rpartition(".")[0])


def sign_in(user: User, *, proved_hash: str) -> None:
    """Sign ``user`` in with this browser, in a session that is new.

    Raises :class:`~hms.auth.services.WrongCredentials` if the account no longer has the hash that was proved.
    """
    browser_session().begin(user, proved_hash=proved_hash)
    g.pop("csrf_token", None)  # Flask-WTF keeps the one of the session before


def sign_out() -> None:
    """Sign this browser out."""
    logout_user()
    browser_session().end()
    g.pop("csrf_token", None)


def _check(blueprint_name: str) -> ResponseReturnValue | None:
    allowed = access.get(str(request.endpoint), access[blueprint_name])
    if allowed == "public":
        return None
    if not current_user.is_authenticated:
        return _to_sign_in()
    if current_user.role not in ROLES[allowed]:
        raise Forbidden
    return None


def _to_sign_in() -> ResponseReturnValue:
    ended = "1" if browser_session().ended else None
    return redirect(url_for("auth.login", next=page_behind(request), ended=ended), 302)


def _person(get: Callable[[], PatientKey | Doctor | None]) -> PatientKey | Doctor:
    person = get()
    if person is None:
        raise Forbidden
    return person


current_patient = cast(PatientKey, LocalProxy(lambda: _person(lambda: current_user.patient)))
"""The patient who is signed in. Raises :class:`hms.errors.Forbidden` for anybody else."""

current_doctor = cast(Doctor, LocalProxy(lambda: _person(lambda: current_user.doctor)))
"""The doctor who is signed in. Raises :class:`hms.errors.Forbidden` for anybody else."""
