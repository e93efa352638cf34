"""THROTTLE: the one room that every sensitive service asks whether it is too often.

Owns the table ``rate_limits``, which is UNLOGGED: after a crash of the database every count begins anew.

Two questions
- ``throttle.count(rule, …)`` for what may be done so often within a time (:mod:`hms.throttle.rules`). Raises
  :class:`TooMany`, which says when it may be done again.
- ``throttle.guess(account)`` before a secret is checked: the pauses between wrong ones grow, for each account and each
  part of the net that guesses, so that a stranger's wrong guesses do not keep its owner out.

Counts are exact over all processes and machines where that matters: they stand in the database, or in Redis if
``HMS_RATE_LIMIT_URL`` names one. What is asked at every search or booking is counted by each process alone, which costs
no statement. Names and addresses are kept as keyed hashes only.
"""

from flask import Flask

from hms.throttle import rules
from hms.throttle.guessing import Guess, guess
from hms.throttle.limits import count
from hms.throttle.refusals import TooMany
from hms.throttle.rules import Rule
from hms.throttle.visitors import prefix as place

__all__ = ["Guess", "Rule", "TooMany", "count", "guess", "init_app", "place", "rules"]

SWEEP_EVERY_SECONDS = 3600


def init_app(app: Flask) -> None:
    """Choose where the counts are kept, and forget old ones."""
    from hms import worker
    from hms.throttle import stores

    stores.init_app(app)
    worker.every(SWEEP_EVERY_SECONDS, "forget old counts", stores.forget_old)
