"""Guessing secrets: pauses that grow with each wrong guess.

Wrong guesses of an account's password are counted for each part of the net: whoever guesses waits, and the owner, who
is elsewhere, does not. A crowd of guessers from everywhere is slowed down by a second count, of the account alone, to
which each part of the net adds only its first guesses; it does not hold for a browser that was signed in to the account
before, and a new password by mail makes any browser one.
NIST SP 800-63B, 5.2.2 asks for at most 100 wrong guesses in a row.

A guess is counted before the secret is checked, and forgiven if it was right: of many that come at once, those that
come too soon are not checked.
"""

from dataclasses import dataclass

from flask import current_app

from hms.throttle import limits, stores, visitors
from hms.throttle.refusals import TooMany
from hms.throttle.rules import FAILURE, HOUR

DAY = 24 * HOUR
WRONG = "That was too many wrong tries."


@dataclass(frozen=True)
class Pauses:
    """So many guesses are free; then each has a pause twice as long as the one before, up to ``longest`` seconds."""

    free: int
    longest: int

    def after(self, guesses: int) -> int:
        """How many seconds follow the last of so many guesses."""
        return min(2 ** min(guesses - self.free, 30), self.longest) if guesses >= self.free else 0


FROM_ONE_PLACE = Pauses(free=5, longest=20 * 60)
FROM_EVERYWHERE = Pauses(free=50, longest=HOUR)


@dataclass(frozen=True)
class Guess:
    """A guess that may be checked."""

    keys: tuple[str, ...]

    def was_right(self) -> None:
        """Forgive this guess, and the wrong ones before it."""
        stores.forget(*(f"{kind}:{key}" for key in self.keys for kind in ("guesses", "pause")))

    def was_wrong(self) -> None:
        """Count it for the part of the net that it came from, too."""
        if self.keys:
            limits.note(FAILURE)


def guess(account: object, *, is_known: bool = False) -> Guess:
    """Ask before a secret of ``account`` (any name of it, whether there is one or not) is checked.

    ``is_known`` says that this browser was signed in to the account before. Raises :class:`TooMany`.
    """
    if not current_app.config["RATE_LIMITS"]:
        return Guess(())
    limits.check(FAILURE, what=WRONG)
    here, everywhere = f"{account}:{'known' if is_known else visitors.prefix()}", str(account)
    keys = (here,) if is_known else (here, everywhere)
    for key in keys:
        if (seconds := stores.ends_in(f"pause:{key}")) > 0:
            raise TooMany(seconds, what=WRONG)
    guesses = _count(here)
    _pause(here, FROM_ONE_PLACE.after(guesses))
    if not is_known:
        counts = guesses <= FROM_ONE_PLACE.free  # so that one stranger alone slows down nobody else
        _pause(everywhere, FROM_EVERYWHERE.after(_count(everywhere) if counts else _found(everywhere)))
    return Guess(keys)


def _count(key: str) -> int:
    return stores.count(f"guesses:{key}", seconds=DAY, is_exact=True)


def _found(key: str) -> int:
    return stores.found(f"guesses:{key}", is_exact=True)


def _pause(key: str, seconds: int) -> None:
    """Begin a pause; of guesses that came at the same moment, only the first passes."""
    if seconds and stores.count(f"pause:{key}", seconds=seconds, is_exact=True) > 1:
        raise TooMany(stores.ends_in(f"pause:{key}"), what=WRONG)
