"""Times that the clock shows twice, on the day on which the clocks go back: which of the two is meant.

A list beside the time asks, on those days only. A page without it has not asked yet: it is shown again with the list
and with what was typed.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from wtforms import SelectField

from hms.forms import ClockField
from hms.web import formats

FIRST, SECOND = "1", "2"


class WhichField(SelectField):
    """Which of two times the field ``of`` means; not on the page while its ``choices`` are empty."""

    def __init__(self, label: str, **options: Any):
        super().__init__(label, choices=[], validate_choice=False, **options)

    @property
    def is_asked(self) -> bool:
        """Whether the page asks."""
        return bool(self.choices)

    @property
    def chosen(self) -> int | None:
        """0 for the first, 1 for the second; None while nothing was chosen."""
        return {FIRST: 0, SECOND: 1}.get(self.data or "")

    def offer(self, moments: Sequence[datetime], *, of: ClockField, usual: int | None = None) -> None:
        """Ask which of two moments is meant, with the one that the time brings along, or ``usual``, chosen; with fewer
        than two there is nothing to ask."""
        if len(moments) < 2:
            return
        known = of.data.fold if of.raw_data is None and of.data else usual
        if self.chosen is None and known is not None:
            self.data = (FIRST, SECOND)[known]
        self.choices = [] if known is not None or self.chosen is not None else [("", "Choose which one")]
        for value, words, moment in zip((FIRST, SECOND), ("the first time", "the second time"), moments, strict=False):
            self.choices.append((value, f"{formats.time(moment)}, {words}"))

    def demand(self, of: ClockField, *, when: str = "that day") -> bool:
        """Whether it is known which time is meant; if not, the page says that the clock shows it twice ``when``."""
        if not self.is_asked or self.chosen is not None:
            return True
        self.errors = [f"The clocks go back {when}, so {of.data:%H:%M} happens twice. Choose which one you mean."]
        return False


def with_fold(at: time, which: WhichField) -> time:
    """The time with the choice in its ``fold``."""
    return at.replace(fold=(which.chosen or 0) if which.is_asked else 0)
