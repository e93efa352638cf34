"""The mails about accounts: promised with the change that they tell of, gathered when they are sent."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from hms import clock, mailer, outbox
from hms.auth import queries, tokens
from hms.auth.models import User
from hms.auth.tokens import Purpose
from hms.mailer import Mail, Promise
from hms.web.formats import moment, zone_name
from hms.web.links import public_url


def welcome(user: User) -> None:
    """Greet somebody who has signed up, with a link that verifies the address."""
    mailer.send("SIGNUP_WELCOME", about=user.id, to=user.id)


def verification(user: User) -> None:
    """Send another link that verifies the address; at most one a minute."""
    mailer.send("EMAIL_VERIFICATION", about=user.id, to=user.id, occasion=_this_minute())


def reset(user: User) -> None:
    """Send a link for a new password; at most one a minute."""
    asked_at = clock.now().isoformat()
    mailer.send("PASSWORD_RESET", about=user.id, to=user.id, occasion=_this_minute(), extra={"asked_at": asked_at})


def approved(user: User) -> None:
    """Tell a doctor that patients can find and book them now."""
    mailer.send("DOCTOR_APPROVED", about=user.id, to=user.id)


def _this_minute() -> str:
    return f"{clock.now():%Y%m%dT%H%M}"


def init_app(app: Flask) -> None:
    """Register the composer of each mail."""
    mailer.compose_with(app, "SIGNUP_WELCOME", _welcome)
    mailer.compose_with(app, "EMAIL_VERIFICATION", _verification)
    mailer.compose_with(app, "PASSWORD_RESET", _reset)
    mailer.compose_with(app, "DOCTOR_APPROVED", _approved)


def _welcome(promise: Promise) -> Mail:
    user = _recipient(promise)
    waiting = True if user.doctor and not user.doctor.is_approved else None
    return _mail(user, awaiting_approval=waiting, **_link(user, Purpose.VERIFY_EMAIL, "recovery.verify"))


def _verification(promise: Promise) -> Mail:
    user = _recipient(promise)
    if user.email_verified_at is not None:
        raise outbox.Dropped("The address is verified already.")
    return _mail(user, **_link(user, Purpose.VERIFY_EMAIL, "recovery.verify"))


def _reset(promise: Promise) -> Mail:
    user = _recipient(promise)
    if clock.now() >= datetime.fromisoformat(promise.extra["asked_at"]) + tokens.LASTS[Purpose.RESET_PASSWORD]:
        raise outbox.Dropped("It was asked for so long ago that nobody waits for it.")
    return _mail(user, **_link(user, Purpose.RESET_PASSWORD, "recovery.reset"))


def _approved(promise: Promise) -> Mail:
    return _mail(_recipient(promise), action_url=public_url("doctor.today"))


def _recipient(promise: Promise) -> User:
    user = queries.get_user(promise.to)
    if not user.is_active:
        raise outbox.Dropped("The account is closed.")
    return user


def _link(user: User, purpose: Purpose, endpoint: str) -> dict[str, str]:
    ends_at = clock.now() + tokens.LASTS[purpose]
    ends_at -= timedelta(seconds=ends_at.second)
    return {
        "action_url": public_url(endpoint, token=tokens.make(purpose, user)),
        "expires_text": f"until {moment(ends_at)}, {zone_name(ends_at)}",
    }


def _mail(user: User, **more: Any) -> Mail:
    return Mail(user.email, {**mailer.clinic(), "recipient_name": user.full_name, **more})
