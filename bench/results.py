"""What came out: a case for each figure, and what could not be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.goals import GOALS, Goal
from bench.stats import Figure, figure, ratios


@dataclass(frozen=True)
class Case:
    """One figure: which row it belongs to, of what, and what it was made from (in seconds, or by the second).

    ``goal`` stands in for the row's own where a row has several.
    """

    row: int
    setup: str
    of: str
    values: Sequence[float]
    measured: Mapping[str, Sequence[float]] = field(default_factory=dict)
    goal: Goal | None = None

    @property
    def figure(self) -> Figure:
        """The median of the values and their spread."""
        return figure(self.values)

    @property
    def limits(self) -> Goal:
        """What the figure is held against."""
        return self.goal or GOALS[self.row]

    @property
    def verdict(self) -> str:
        """How the figure stands to its goal."""
        return self.limits.verdict(self.figure)


@dataclass(frozen=True)
class Failure:
    """A row that could not be measured, and why."""

    row: int
    setup: str
    why: str


@dataclass
class Results:
    """All that one run found. ``plans`` are how the database finds the three hot answers."""

    cases: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    plans: dict[str, str] = field(default_factory=dict)


def paired(row: int, setup: object, of: str, measured: Mapping[str, Sequence[float]]) -> Case:
    """A case of ratios: the first of the two measured series over the second."""
    above, below = measured.values()
    return Case(row, str(setup), of, ratios(above, below), measured)
