"""What is measured and what it must come to: a limit that has to hold, and an aim."""

from dataclasses import dataclass
from math import inf

from bench.stats import Figure


@dataclass(frozen=True)
class Goal:
    """One row of the table. ``at_least`` says on which side of the limits a figure has to be."""

    row: int
    words: str
    must: float
    aim: float
    at_least: bool = False

    def verdict(self, figure: Figure) -> str:
        """``aim reached``, ``holds`` or ``missed``, by the median."""
        if self._reaches(figure.median, self.aim):
            return "aim reached"
        return "holds" if self._reaches(figure.median, self.must) else "missed"

    def limits(self) -> str:
        """``≥ 0.2, aim 0.35``; only the aim where nothing has to hold."""
        sign = "≥" if self.at_least else "≤"
        aim = f"aim {self.aim:g}"
        return f"{sign} {self.must:g}, {aim}" if 0 < self.must < inf else f"{sign} {aim}"

    def _reaches(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit


GOALS = {
    goal.row: goal
    for goal in (
        Goal(1, "bookings a second, everything on, 16 connections ÷ bare transactions a second", 0.20, 0.35, True),
        Goal(2, "a booking's p50 at 1 connection ÷ the bare transaction's", 4, 2.5),
        Goal(3, "bookings a second while mail and Google go into a black hole ÷ normal", 0.95, 1, True),
        Goal(4, "20 patients want one time: the last answer ÷ one booking's p50", inf, 10),
        Goal(5, "doctor's page, requests a second at 16 connections ÷ hello", 0.07, 0.14, True),
        Goal(6, "doctor's page, p50 at 1 connection ÷ hello", 8, 4),
        Goal(7, "directory, p50 at 1 connection ÷ its raw SQL", 8, 4),
        Goal(8, "p50 at the greatest number of slots ÷ at the smallest", 1.5, 1.1),
        Goal(9, "p99 ÷ p50 of pages at 16 connections", 3, 2),
        Goal(10, "SQL statements of a request", 4, 2),
        Goal(11, "memory of one web worker after many requests ÷ after few", 1.1, 1.0),
        Goal(12, "kilobytes of a patient's page in a browser, with nothing kept from before", 60, 50),
        Goal(13, "mails a second by one worker, of an email function that takes 40 ms for each", 100, 150, True),
    )
}
