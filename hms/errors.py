"""Every refusal that the application makes: a sentence for a person, and the HTTP status that goes with it.

A refusal is not a bug. Services raise one to say *no*; a view shows it beside its form, and ``hms.web`` turns
whatever is left into a page. Any other exception is a bug.
"""


class Refusal(Exception):
    """A *no* with a sentence that the reader can act on.

    ``title`` heads the page when no form is there to show the sentence; ``field`` names the form field it is about.
    """

    status = 400
    code = "refused"
    title = "We can’t do that"
    message = "We couldn’t do that. Nothing was changed."
    retry_after_seconds: int | None = None
    """In how many seconds trying again is worth it, where that is known."""

    def __init__(self, message: str | None = None, *, field: str | None = None):
        self.message = message or self.message
        self.field = field
        super().__init__(self.message)


class NotFound(Refusal):
    """It does not exist, or it belongs to somebody else: the two look the same on purpose."""

    status, code, title = 404, "not-found", "Page not found"
    message = "Check the address. The page may belong to another account."


class Forbidden(Refusal):
    """The account's role does not include this page."""

    status, code, title = 403, "forbidden", "You can’t view this page"
    message = "You don’t have permission to view this page."


class Conflict(Refusal):
    """Somebody else changed it first."""

    status, code, title = 409, "conflict", "Someone else changed this"
    message = "Someone else changed this first. Reload the page to see the latest version."


class Invalid(Refusal):
    """What was entered cannot be accepted."""

    status, code, title = 422, "invalid", "Check what you entered"
    message = "Some details on this page need correcting."


class Unavailable(Refusal):
    """A part that this needs is busy or away for the moment; trying again soon is right."""

    status, code, title = 503, "unavailable", "We can’t do that right now"
    message = "We’re very busy. Nothing was changed. Try again in a few seconds."
    retry_after_seconds = 2
