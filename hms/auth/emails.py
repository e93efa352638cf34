"""The mails about accounts: queued with the change that they tell of, composed when they are sent."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from hms import clock, mailer, outbox
from hms.auth import codes, queries, tokens
from hms.auth.models import DoctorChange, EmailCode, User
from hms.auth.tokens import Purpose
from hms.mailer import Mail, MailRequest
from hms.web.formats import moment, zone_name
from hms.web.links import public_url


def welcome(user: User) -> None:
    """Greet somebody who has signed up, with a link that verifies the address unless that is done."""
    mailer.send("SIGNUP_WELCOME", about=user.id, to=user.id)


def sign_up_code(request: EmailCode) -> None:
    """Send the code that proves an address, whether it has an account or not."""
    mailer.send("SIGN_UP_CODE", about=request.id, to=request.id)


def verification(user: User) -> None:
    """Send another link that verifies the address."""
    mailer.send("EMAIL_VERIFICATION", about=user.id, to=user.id, occasion=_this_moment())


def reset(user: User) -> None:
    """Send a link for a new password."""
    asked_at = clock.now().isoformat()
    mailer.send("PASSWORD_RESET", about=user.id, to=user.id, occasion=_this_moment(), extra={"asked_at": asked_at})


def password_changed(user: User, *, due_at: datetime | None = None) -> None:
    """Tell the owner that the password was changed, and what has ended with it; once for all that is due together."""
    mailer.send(
        "PASSWORD_CHANGED",
        about=user.id,
        to=user.id,
        occasion=_moment(due_at or clock.now()),
        due_at=due_at,
        extra={"changed_at": clock.now().isoformat()},
    )


def access_granted(user: User, what: str) -> None:
    """Tell the owner that somebody who knew the password has opened a way to the appointments: ``feed`` or
    ``google``."""
    mailer.send("ACCESS_GRANTED", about=user.id, to=user.id, occasion=_this_moment(), extra={"what": what})


def security_notice(user: User, what: str, *, device: str | None = None) -> None:
    """Tell the owner that something which opens the account has changed, or that a new browser was signed in."""
    extra = {"what": what, "at": clock.now().isoformat(), **({"device": device} if device else {})}
    mailer.send("SECURITY_NOTICE", about=user.id, to=user.id, occasion=f"{what}.{_this_moment()}", extra=extra)


def approved(user: User) -> None:
    """Tell a doctor that patients can find and book them now."""
    mailer.send("DOCTOR_APPROVED", about=user.id, to=user.id)


def changes_decided(user: User, change: DoctorChange) -> None:
    """Tell a doctor whether patients read what was asked for."""
    mailer.send("DOCTOR_CHANGES_DECIDED", about=change.id, to=user.id)


def _this_moment() -> str:
    return _moment(clock.now())


def _moment(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S.%f}"


def init_app(app: Flask) -> None:
    """Register the composer of each mail."""
    mailer.compose_with(app, "SIGNUP_WELCOME", _welcome)
    mailer.compose_with(app, "EMAIL_VERIFICATION", _verification)
    mailer.compose_with(app, "PASSWORD_RESET", _reset)
    mailer.compose_with(app, "SIGN_UP_CODE", _code)
    mailer.compose_with(app, "PASSWORD_CHANGED", _password_changed)
    mailer.compose_with(app, "ACCESS_GRANTED", _access_granted)
    mailer.compose_with(app, "SECURITY_NOTICE", _security_notice)
    mailer.compose_with(app, "DOCTOR_APPROVED", _approved)
    mailer.compose_with(app, "DOCTOR_CHANGES_DECIDED", _changes_decided)


def _welcome(request: MailRequest) -> Mail:
    user = _recipient(request)
    waiting = True if user.doctor and not user.doctor.is_approved else None
    if user.email_verified_at is not None:
        return _mail(user, awaiting_approval=waiting, action_url=public_url("auth.login"))
    return _mail(user, awaiting_approval=waiting, **_link(user, Purpose.VERIFY_EMAIL, "recovery.verify"))


def _code(request: MailRequest) -> Mail:
    """Nothing in the mail was typed by the person who asked for it, except the address that it goes to."""
    code = queries.get_code(request.about)
    if code.ended_at or code.proved_at or clock.now() >= code.expires_at:
        raise outbox.Dropped("The code has ended, or was replaced by a newer one.")
    account = True if queries.find_user_by_email(code.email) else None
    data = {"code": codes.code_of(code), "has_account": account, "action_url": public_url("auth.signup_code")}
    return Mail(code.email, {**mailer.clinic(), **data, "expires_text": _until(code.expires_at)})


def _verification(request: MailRequest) -> Mail:
    user = _recipient(request)
    if user.email_verified_at is not None:
        raise outbox.Dropped("The address is verified already.")
    return _mail(user, **_link(user, Purpose.VERIFY_EMAIL, "recovery.verify"))


def _reset(request: MailRequest) -> Mail:
    user = _recipient(request)
    if clock.now() >= datetime.fromisoformat(request.extra["asked_at"]) + tokens.LASTS[Purpose.RESET_PASSWORD]:
        raise outbox.Dropped("It was requested too long ago.")
    return _mail(user, **_link(user, Purpose.RESET_PASSWORD, "recovery.reset"))


def _password_changed(request: MailRequest) -> Mail:
    user = _recipient(request)
    changed_text = moment(datetime.fromisoformat(request.extra["changed_at"]))
    return _mail(user, changed_text=changed_text, action_url=public_url("recovery.forgot"))


def _access_granted(request: MailRequest) -> Mail:
    return _mail(_recipient(request), what=request.extra["what"], action_url=public_url("recovery.forgot"))


def _security_notice(request: MailRequest) -> Mail:
    user = _recipient(request)
    device = {"device": request.extra["device"]} if "device" in request.extra else {}
    when = moment(datetime.fromisoformat(request.extra["at"]))
    url = public_url("recovery.forgot")
    return _mail(user, what=request.extra["what"], when_text=when, action_url=url, **device)


def _changes_decided(request: MailRequest) -> Mail:
    change = queries.get_change(request.about)
    explanation = {"explanation": change.reason} if change.reason else {}
    return _mail(
        _recipient(request), decision=change.decision, **explanation, action_url=public_url("doctor_profile.edit")
    )


def _approved(request: MailRequest) -> Mail:
    return _mail(_recipient(request), action_url=public_url("doctor.today"))


def _recipient(request: MailRequest) -> User:
    user = queries.get_user(request.to)
    if not user.is_active:
        raise outbox.Dropped("The account is closed.")
    return user


def _link(user: User, purpose: Purpose, endpoint: str) -> dict[str, str]:
    ends_at = clock.now() + tokens.LASTS[purpose]
    ends_at -= timedelta(seconds=ends_at.second)
    return {
        "action_url": public_url(endpoint, token=tokens.make(purpose, user)),
        "expires_text": _until(ends_at),
    }


def _until(ends_at: datetime) -> str:
    return f"until {moment(ends_at)}, {zone_name(ends_at)}"


def _mail(user: User, **more: Any) -> Mail:
    return Mail(user.email, {**mailer.clinic(), "recipient_name": user.full_name, **more})
