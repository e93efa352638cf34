"""So often and no more."""

from collections.abc import Iterator

from flask import current_app

from hms.throttle import stores, visitors
from hms.throttle.refusals import TooMany
from hms.throttle.rules import Rule

TOO_MANY = "That was too many tries."


def count(rule: Rule, *, account: object = None, what: str = TOO_MANY) -> None:
    """Note that this is done once more, by ``account`` (any name of it) and from where the request comes.

    Raises :class:`TooMany`, whose sentence begins with ``what``.
    """
    for key, most in _keys(rule, account):
        if stores.count(key, seconds=rule.seconds, is_exact=rule.is_exact) > most:
            raise TooMany(stores.ends_in(key, is_exact=rule.is_exact), what=what)


def note(rule: Rule, *, account: object = None) -> None:
    """Note that something was done, whether it was too often or not."""
    for key, _ in _keys(rule, account):
        stores.count(key, seconds=rule.seconds, is_exact=rule.is_exact)


def check(rule: Rule, *, account: object = None, what: str = TOO_MANY) -> None:
    """Raise :class:`TooMany` if it was noted so often that it may not be done again; nothing is counted."""
    for key, most in _keys(rule, account):
        if stores.found(key, is_exact=rule.is_exact) >= most:
            raise TooMany(stores.ends_in(key, is_exact=rule.is_exact), what=what)


def _keys(rule: Rule, account: object) -> Iterator[tuple[str, int]]:
    """Each somebody that is counted, and how often they may."""
    if not current_app.config["RATE_LIMITS"]:
        return
    for who, most in ((account, rule.by_account), (visitors.prefix(), rule.by_prefix)):
        if who is not None and most is not None:
            yield f"{rule.name}:{who}", most
