"""What can go wrong at Google, sorted by what helps. The text of each is for people."""

from datetime import timedelta


class GoogleTrouble(Exception):
    """Google did not do what it was asked."""


class Later(GoogleTrouble):
    """Trying again later may help: busy, away, too often, or an answer that makes no sense.

    ``wait`` is how long Google asks to be left alone, if it says so.
    """

    def __init__(self, words: str, *, wait: timedelta | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class Refused(GoogleTrouble):
    """The same request will be refused again: a permission is missing, or the request is wrong."""


class Gone(GoogleTrouble):
    """The event is not there (404), or it is deleted (410)."""


class AlreadyThere(GoogleTrouble):
    """An event has this id already, alive or deleted (409)."""


class TokenRefused(GoogleTrouble):
    """The access token is not accepted (401), though it was fetched just now."""


class AccessRevoked(GoogleTrouble):
    """``invalid_grant``: the refresh token is of no use any more. Only connecting again helps."""
