"""Checking a password: the throttle is asked first, wherever somebody enters one."""

from hms import text, throttle
from hms.auth import devices, passwords, queries
from hms.auth.people import LONGEST_EMAIL, BadEmail, normal_email


def is_password_of(password: str, password_hash: str | None, *, email: str) -> bool:
    """Whether the hash is this password's; ``None``, for an account that does not exist, takes as long to say no.

    ``email`` is whose password is guessed. A browser that was signed in to the account before is not slowed down by
    what others guess elsewhere. Raises :class:`hms.throttle.TooMany` where it was guessed too often, and
    :class:`hms.db.Busy`.
    """
    is_known = queries.is_known_device(email, devices.known_hash())
    guess = throttle.guess(f"password:{_name(email)}", is_known=is_known)
    is_right = passwords.matches(password, password_hash)
    if is_right:
        guess.was_right()
    else:
        guess.was_wrong()
    return is_right


def _name(email: str) -> str:
    """One name for all ways to write an address."""
    try:
        return normal_email(email)
    except BadEmail:
        return text.without_forbidden(email[:LONGEST_EMAIL]).casefold()
