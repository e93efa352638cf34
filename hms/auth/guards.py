"""Who may pass: the guard that stands at the door of every area, and the person who has passed it."""

from collections.abc import Callable
from typing import cast

from flask import Flask, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user, logout_user
from werkzeug.local import LocalProxy

from hms import areas, audit, clock
from hms.auth.models import AREAS, Doctor, PatientKey, Role, User
from hms.auth.queries import Account
from hms.auth.redirects import page_behind
from hms.auth.sessions import browser_session
from hms.auth.step_up import PROVED_AT
from hms.errors import Forbidden

MUST_ADD_FACTOR = "must_add_factor"
"""Stands in the session of staff who do nothing else before they have set up a second factor."""

SETS_UP = frozenset({"security", "factors"})
"""The blueprints that they get to nevertheless; signing out is open to everybody."""

EVERYBODY = frozenset(Role)
ROLES: dict[str, frozenset[Role]] = {
    "signed-in": EVERYBODY,
    "patient": frozenset({Role.PATIENT}),
    "doctor": frozenset({Role.DOCTOR}),
    "has-appointments": frozenset({Role.PATIENT, Role.DOCTOR}),
    "staff": frozenset({Role.RECEPTIONIST, Role.ADMIN}),
    "admin": frozenset({Role.ADMIN}),
}
"""Who passes with each access but ``public``, which lets everybody pass and asks nothing."""

ACCESSES: dict[Role | None, frozenset[str]] = {
    role: frozenset({areas.PUBLIC, *(access for access, roles in ROLES.items() if role in roles)})
    for role in (*Role, None)
}
"""What lets in people of each role; None is a visitor."""


class Visitor(AnonymousUserMixin):
    """``current_user`` when nobody is signed in."""

    role = patient = doctor = None
    full_name = ""


login_manager = LoginManager()
login_manager.session_protection = None  # the random value in the cookie is the proof, whatever address it comes from
login_manager.anonymous_user = Visitor


@login_manager.user_loader
def _load_user(user_id: str) -> Account | None:
    """The account that came with the session's row."""
    account = browser_session().account
    return account if account and account.get_id() == user_id else None


def init_app(app: Flask) -> None:
    """Let Flask-Login say who the current user is, and stand guard at the areas.

    Its ``init_app`` would also look after a "remember me" cookie at every answer, which there is none of here.
    """
    app.login_manager = login_manager  # type: ignore[attr-defined]
    app.context_processor(lambda: {"current_user": current_user})
    app.add_template_global(signed_in_email)
    areas.guard_with(app, RoleGuard())
    audit.know_people_with(app, _acting)


def _acting() -> audit.Person | None:
    return audit.Person(current_user.id, current_user.role) if current_user.is_authenticated else None


def signed_in_email() -> str:
    """The email of whoever is signed in; nothing for a stranger."""
    return current_user.email if current_user.is_authenticated else ""


class RoleGuard:
    """Lets people into areas by their role."""

    def knows(self, access: str) -> bool:
        """Whether there is such an access."""
        return access == areas.PUBLIC or access in ROLES

    def check(self, access: str) -> ResponseReturnValue | None:
        """Who is not signed in is sent to sign in first; who has another role is refused as ``Forbidden``.

        Staff who have been without a second factor for too long are led to where they set one up.
        """
        if self.lets_in(access):
            return None if access == areas.PUBLIC else _to_set_up_a_factor()
        if not current_user.is_authenticated:
            return _to_sign_in()
        raise Forbidden

    def lets_in(self, access: str) -> bool:
        """Whether whoever makes this request passes; nobody is looked up where everybody does."""
        return access == areas.PUBLIC or current_user.role in ROLES[access]

    def accesses(self) -> frozenset[str]:
        """All that let in whoever makes this request."""
        return ACCESSES[current_user.role]

    def own_area(self) -> str:
        """The area in which whoever makes this request is at home."""
        return AREAS[current_user.role] if current_user.is_authenticated else areas.PUBLIC


def is_nobody() -> bool:
    """Whether nobody is signed in."""
    return not current_user.is_authenticated


def sign_in(user: User, *, proved_hash: str, **more: str) -> None:
    """Sign ``user`` in with this browser, in a session that is new and keeps ``more``.

    Raises :class:`~hms.auth.services.WrongCredentials` if the account no longer has the hash that was proved.
    """
    browser_session().begin(user, proved_hash=proved_hash, **{PROVED_AT: clock.now().isoformat()}, **more)
    g.pop("csrf_token", None)  # Flask-WTF keeps the one of the session before


def sign_out() -> None:
    """Sign this browser out."""
    logout_user()
    browser_session().end()
    g.pop("csrf_token", None)


def _to_set_up_a_factor() -> ResponseReturnValue | None:
    is_missing = MUST_ADD_FACTOR in browser_session() and request.blueprint not in SETS_UP
    return redirect(url_for("factors.app"), 303) if is_missing else None


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
