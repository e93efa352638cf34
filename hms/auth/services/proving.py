"""Proving an address before there is an account: a code is mailed to it, and entered in the browser that asked.

Nothing here depends on whether there is an account with the address, so that nobody learns it who does not read the
mails that go there.
"""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hms import clock, throttle
from hms.auth import codes, emails, queries, tokens
from hms.auth.models import EmailCode
from hms.auth.people import normal_email
from hms.auth.services import pauses
from hms.auth.tokens import Purpose
from hms.db import Busy, transaction
from hms.errors import Conflict, Invalid
from hms.throttle import rules
from hms.web.formats import time

CONFLICTS = {"uq_email_codes_live": Busy()}  # two requests of one browser at the same moment


class WrongCode(Invalid):
    """These are not the digits that were mailed."""

    code, title = "wrong-code", "That code isn’t right"
    message = "That code isn’t right. Check the email and enter its 6 digits."


class CodeEnded(Conflict):
    """The code is too old, was used, or nobody asked for one in this browser."""

    code, title = "code-ended", "This code has expired"
    message = "This code has expired. Ask for a new one."


class TooManyTries(Conflict):
    """Five wrong codes were entered."""

    status, code, title = 429, "too-many-tries", "Too many wrong codes"
    message = "You’ve entered too many wrong codes. Ask for a new one."


class CodeJustSent(Conflict):
    """Codes were sent to this address a short while ago, for another browser."""

    status, code, title = 429, "code-just-sent", "We’ve just sent a code to this address"


def send_code(email: str, *, browser: str) -> EmailCode:
    """Queue a mail with a code to this address, and answer the request; an earlier code of the browser ends.

    Within the pause after a code, the browser that asked for it gets the same request and no other mail.
    Raises :class:`~hms.auth.people.BadEmail`, :class:`CodeJustSent`.
    """
    throttle.count(rules.MAIL)
    email, now = normal_email(email), clock.now()
    with transaction(conflicts=CONFLICTS) as session:
        next_at, earlier = pauses.begin(pauses.Kind.CODE, email), _lock_live(session, browser)
        if next_at is not None and earlier is not None and earlier.email == email:
            return earlier
        if next_at is not None:
            raise CodeJustSent(f"We’ve just sent a code to this address. You can ask for another at {time(next_at)}.")
        if earlier is not None:
            earlier.ended_at = now
            session.flush()
        request = _new(email, browser, now)
        session.add(request)
        session.flush()
        emails.sign_up_code(request)
    return request


def code_again_at(email: str) -> datetime | None:
    """From when on another code for this address can be asked for; None when it can be now."""
    return pauses.find_end(pauses.Kind.CODE, email)


def _new(email: str, browser: str, now: datetime) -> EmailCode:
    return EmailCode(
        email=email,
        browser_hash=codes.hash_of_browser(browser),
        requested_at=now,
        expires_at=now + codes.LASTS,
        wrong_tries=0,
    )


def enter_code(typed: str, *, browser: str) -> EmailCode:
    """Take the address as proved in this browser; a second time changes nothing.

    Raises :class:`WrongCode`, :class:`CodeEnded`, :class:`TooManyTries`. A wrong code is counted and stored before it
    is refused.
    """
    if len(codes.digits_of(typed)) != codes.DIGITS:
        raise WrongCode("Enter the 6 digits from the email.", field="code")
    throttle.count(rules.CODE)
    with transaction() as session:
        request = _lock_live(session, browser)
        refusal = _refusal_of(request, typed)
        if request is not None and refusal is None and request.proved_at is None:
            request.proved_at = clock.now()
            request.expires_at = request.proved_at + codes.TIME_FOR_DETAILS
    if refusal is not None:
        raise refusal
    assert request is not None  # noqa: S101  # or it would have been refused
    return request


def _refusal_of(request: EmailCode | None, typed: str) -> Conflict | Invalid | None:
    """Why the code does not count; a wrong one is counted."""
    if request is None or clock.now() >= request.expires_at:
        return CodeEnded(field="code")
    if request.wrong_tries >= codes.MAX_TRIES:
        return TooManyTries(field="code")
    if request.proved_at is not None or codes.is_code_of(request, typed):
        return None
    request.wrong_tries += 1
    return TooManyTries(field="code") if request.wrong_tries >= codes.MAX_TRIES else WrongCode(field="code")


def use_proof(session: Session, *, browser: str, email: str) -> None:
    """Use the proof up, within the transaction that makes the account.

    Raises :class:`CodeEnded` unless this browser has proved this very address.
    """
    request = _lock_live(session, browser)
    if request is None or not is_proof(request) or request.email != email:
        raise CodeEnded
    request.ended_at = clock.now()


def is_proof(request: EmailCode) -> bool:
    """Whether its code was entered, and the time for the rest is not over."""
    return request.proved_at is not None and request.ended_at is None and clock.now() < request.expires_at


def reset_by_proof(*, browser: str) -> str:
    """A token to set a new password for the account whose address this browser has proved.

    Raises :class:`CodeEnded` where there is no proof, or no account that is active.
    """
    request = queries.find_live_code(codes.hash_of_browser(browser))
    user = queries.find_user_by_email(request.email) if request and is_proof(request) else None
    if user is None or not user.is_active:
        raise CodeEnded
    return tokens.make(Purpose.RESET_PASSWORD, user)


def forget_old_requests() -> None:
    """Forget the requests, and the pauses, that are more than a day old."""
    before = clock.now() - pauses.FORGOTTEN_AFTER
    with transaction() as session:
        session.execute(
            delete(EmailCode).where(EmailCode.requested_at < before).execution_options(synchronize_session=False)
        )
    pauses.forget_old()


def end_codes(session: Session, email: str) -> None:
    """End all codes and proofs of this address."""
    live = update(EmailCode).where(EmailCode.email == email, EmailCode.ended_at.is_(None))
    session.execute(live.values(ended_at=clock.now()))


def _lock_live(session: Session, browser: str) -> EmailCode | None:
    live = select(EmailCode).where(
        EmailCode.browser_hash == codes.hash_of_browser(browser), EmailCode.ended_at.is_(None)
    )
    return session.scalar(live.with_for_update().execution_options(populate_existing=True))
