"""How the function says no: a sentence for a person, and whether another try can help."""

from typing import TypedDict


class Answer(TypedDict):
    """What every call gets back. ``error`` is None exactly when ``ok`` is true."""

    ok: bool
    retryable: bool
    error: str | None


class Failure(Exception):
    """The mail was not sent. The message is a sentence that holds no address and nothing about a person."""

    retryable = False

    def answer(self) -> Answer:
        """Return the failure as the caller reads it."""
        return {"ok": False, "retryable": self.retryable, "error": str(self)}


class Refused(Failure):
    """This message will never be sent as it is: trying again cannot help."""


class TryLater(Failure):
    """Nothing is wrong with the message; the same call may succeed later."""

    retryable = True


class Misconfigured(TryLater):
    """Our own settings are wrong. Messages keep waiting, and somebody has to be told."""


SENT: Answer = {"ok": True, "retryable": False, "error": None}
