"""Second factors: setting up the code of an app, checking codes, and taking a factor away."""

from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hms import audit, clock, throttle, vault
from hms.auth import emails
from hms.auth.factors import codes
from hms.auth.factors.models import AuthenticatorApp, RecoveryCode
from hms.auth.models import Role, User
from hms.auth.services.closing import lock_user
from hms.db import db, transaction
from hms.errors import Conflict, Invalid
from hms.throttle import rules

GRACE = timedelta(days=7)
APP_SECRET = "authenticator-app"  # noqa: S105  # a purpose, not a secret


class WrongFactor(Invalid):
    """It is no code of this account, or was used already."""

    code, title = "wrong-factor", "That code isn’t right"
    message = "That code isn’t right, or was used already. Wait for the next one and enter it."


class FactorThere(Conflict):
    """The account has an app already."""

    code, title = "factor-there", "Sign-in with a code is already on"
    message = "Sign-in with a code is already on. Turn it off first to set up another app."


class NoFactor(Conflict):
    """The account has no app."""

    code, title = "no-factor", "Sign-in with a code is off"
    message = "Sign-in with a code is off."


def find_app(user_id: UUID) -> AuthenticatorApp | None:
    """The app whose codes count for this account."""
    app = db.session.get(AuthenticatorApp, user_id, populate_existing=True)
    return app if app and app.confirmed_at else None


def count_codes(user_id: UUID) -> int:
    """How many recovery codes are left."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(left) or 0


def factor_due_at(user: User) -> datetime | None:
    """From when on this account needs a second factor that it has not: for staff, where the clinic requires one.

    The days of grace begin when it is first asked.
    """
    is_required = current_app.config["STAFF_SECOND_FACTOR"] == "required" and user.role != Role.PATIENT
    if not is_required or find_app(user.id):
        return None
    with transaction() as session:
        locked = lock_user(session, user.id)
        locked.factor_due_at = locked.factor_due_at or clock.now() + GRACE
    return locked.factor_due_at


def begin_app(user: User) -> str:
    """The secret for an app that is being set up; the same one until it is confirmed, for an hour at most.

    Raises :class:`FactorThere`.
    """
    now = clock.now()
    with transaction() as session:
        lock_user(session, user.id)
        app = _find(session, user.id)
        if app and app.confirmed_at:
            raise FactorThere
        if app and (now - app.made_at).total_seconds() < rules.HOUR:
            return _secret(app)
        if app is None:
            app = AuthenticatorApp(user_id=user.id)
            session.add(app)
        secret = codes.new_secret()
        app.sealed, app.made_at = vault.seal(secret, owner_id=user.id, purpose=APP_SECRET), now
    return secret


def find_begun_secret(user: User) -> str | None:
    """The secret of an app that is being set up."""
    app = _find(db.session(), user.id)
    return _secret(app) if app and app.confirmed_at is None else None


def confirm_app(user: User, code: str) -> list[str]:
    """Have the app's codes count from now on, as its first one is right; answers the recovery codes, this once.

    Raises :class:`WrongFactor`, :class:`FactorThere`, :class:`NoFactor`, :class:`hms.throttle.TooMany`.
    """
    guess = throttle.guess(f"factor:{user.id}", is_known=True)
    with transaction() as session:
        locked, app = lock_user(session, user.id), _find(session, user.id)
        if app is None:
            raise NoFactor
        if app.confirmed_at:
            raise FactorThere
        step = codes.step_of(code, _secret(app), now=clock.now())
        if step is None:
            raise WrongFactor(field="code")
        app.confirmed_at, app.last_step = clock.now(), step
        made = _make_codes(session, user.id)
        audit.record("factor-added", subject=("user", user.id), kind="app")
        emails.security_notice(locked, "factor-on")
    guess.was_right()
    return made


def make_new_codes(user: User) -> list[str]:
    """Ten new recovery codes in place of the old ones, this once. Raises :class:`NoFactor`."""
    with transaction() as session:
        locked, app = lock_user(session, user.id), _find(session, user.id)
        if app is None or app.confirmed_at is None:
            raise NoFactor
        made = _make_codes(session, user.id)
        audit.record("recovery-codes-made", subject=("user", user.id))
        emails.security_notice(locked, "codes-made")
    return made


def check_factor(user: User, code: str) -> None:
    """Use up a code of the app, or one from paper.

    Raises :class:`WrongFactor`, also for a code that was used before, and :class:`hms.throttle.TooMany`.
    """
    guess = throttle.guess(f"factor:{user.id}")
    with transaction() as session:
        locked, app = lock_user(session, user.id), _find(session, user.id)
        is_right = app is not None and (_use_step(app, code) or _use_paper(session, locked, code))
        audit.record("step-up" if is_right else "factor-failed", subject=("user", user.id), by=_person(user))
    if not is_right:
        guess.was_wrong()
        raise WrongFactor(field="code")
    guess.was_right()


def remove_app(user: User) -> None:
    """Turn sign-in with a code off; again changes nothing."""
    with transaction() as session:
        locked = lock_user(session, user.id)
        if _remove(session, user.id):
            audit.record("factor-removed", subject=("user", user.id), kind="app")
            emails.security_notice(locked, "factor-off")


def reset_factor(who: str | UUID) -> User:
    """Turn sign-in with a code off for somebody who has lost the app and the codes, and tell them.

    Raises :class:`NoFactor`, ``NotFound``.
    """
    with transaction() as session:
        user = lock_user(session, who)
        if not _remove(session, user.id):
            raise NoFactor(f"{user.email} signs in without a code.")
        audit.record("factor-reset", subject=("user", user.id), kind="app")
        emails.security_notice(user, "factor-reset")
    return user


def reseal_apps() -> tuple[int, int]:
    """Seal every app's secret with the newest key; how many were changed, and how many no key opens."""
    changed = unreadable = 0
    for user_id in db.session.scalars(select(AuthenticatorApp.user_id)).all():
        with transaction() as session:
            app = session.get(AuthenticatorApp, user_id, with_for_update=True, populate_existing=True)
            if app is None or vault.is_newest(app.sealed):
                continue
            try:
                app.sealed = vault.reseal(app.sealed)
                changed += 1
            except vault.Unreadable:
                unreadable += 1
    return changed, unreadable


def _find(session: Session, user_id: UUID) -> AuthenticatorApp | None:
    return session.get(AuthenticatorApp, user_id, populate_existing=True)


def _secret(app: AuthenticatorApp) -> str:
    return vault.unseal(app.sealed, owner_id=app.user_id, purpose=APP_SECRET)


def _use_step(app: AuthenticatorApp, code: str) -> bool:
    """Whether it is a code of the app, later than the last one that was used."""
    step = codes.step_of(code, _secret(app), now=clock.now()) if app.confirmed_at else None
    if step is None or step <= app.last_step:
        return False
    app.last_step = step
    return True


def _use_paper(session: Session, user: User, code: str) -> bool:
    unused = (RecoveryCode.user_id == user.id) & RecoveryCode.used_at.is_(None)
    is_this = RecoveryCode.code_hash == codes.hash_of(code, user.id)
    found = session.scalar(select(RecoveryCode).where(unused, is_this))
    if found is None:
        return False
    found.used_at = clock.now()
    audit.record("recovery-code-used", subject=("user", user.id), by=_person(user))
    emails.security_notice(user, "code-used")
    return True


def _make_codes(session: Session, user_id: UUID) -> list[str]:
    _forget_codes(session, user_id)
    made = codes.new_codes()
    session.add_all(RecoveryCode(user_id=user_id, code_hash=codes.hash_of(code, user_id)) for code in made)
    return made


def _forget_codes(session: Session, user_id: UUID) -> None:
    old = delete(RecoveryCode).where(RecoveryCode.user_id == user_id)
    session.execute(old.execution_options(synchronize_session=False))


def _remove(session: Session, user_id: UUID) -> bool:
    _forget_codes(session, user_id)
    app = _find(session, user_id)
    if app is None:
        return False
    session.delete(app)
    return app.confirmed_at is not None


def _person(user: User) -> audit.Person:
    return audit.Person(user.id, user.role)
