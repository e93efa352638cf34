"""How the function says no: a sentence for a person, whether another try can help, and whose fault it is."""

from typing import TypedDict


class Answer(TypedDict):
    """What every call gets back. ``error`` and ``fault`` are None exactly when ``ok`` is true.

    ``fault`` is ``ours`` (our settings), ``server`` (it does not answer, or is not ready, for anybody), ``later`` (this
    mail is asked to come again), ``recipient``, ``message``, or ``unsure``: the mail may have been sent.
    """

    ok: bool
    retryable: bool
    error: str | None
    fault: str | None


class Failure(Exception):
    """The mail was not sent. The message is a sentence that holds no address and nothing about a person."""

    retryable = False
    fault = "message"

    def answer(self) -> Answer:
        """Return the failure as the caller reads it."""
        return {"ok": False, "retryable": self.retryable, "error": str(self), "fault": self.fault}


class Refused(Failure):
    """This message will never be sent as it is: trying again cannot help."""


class RecipientRefused(Refused):
    """The server takes no mail for this recipient."""

    fault = "recipient"


class TryLater(Failure):
    """Nothing is wrong with the message; the same call may succeed later."""

    retryable = True
    fault = "later"


class ServerAway(TryLater):
    """The mail server does not answer, or takes nobody's mail now."""

    fault = "server"


class Misconfigured(TryLater):
    """Our own settings are wrong. Messages keep waiting, and somebody has to be told."""

    fault = "ours"


class MayHaveBeenSent(Failure):
    """The whole mail went to the server, and its answer was lost: it may have been sent, and another try may double it.

    ``retryable`` says whether a repeated call would send it again.
    """

    fault = "unsure"

    def __init__(self, sentence: str, *, retryable: bool = True) -> None:
        super().__init__(sentence)
        self.retryable = retryable


SENT: Answer = {"ok": True, "retryable": False, "error": None, "fault": None}
