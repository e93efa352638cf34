"""How the throttle says no."""

from hms.errors import Refusal


class TooMany(Refusal):
    """It was done too often; ``retry_after_seconds`` says when it may be done again."""

    status, code, title = 429, "too-many", "Too many tries"

    def __init__(self, seconds: float, *, what: str = "That was too many tries."):
        self.retry_after_seconds = max(1, int(seconds + 0.999))
        super().__init__(f"{what} Try again in {_in_words(self.retry_after_seconds)}.")


def _in_words(seconds: int) -> str:
    """``40 seconds``, ``2 minutes``, ``3 hours``: never shorter than it is."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds > size:
            return f"{-(-seconds // size)} {unit}s"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
