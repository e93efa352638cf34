"""From pairs that were measured in turn to one figure with its spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """The median of several ratios, and the smallest and the largest of them."""

    median: float
    smallest: float
    largest: float
    count: int


def figure(values: Sequence[float]) -> Figure:
    """The figure of at least one value."""
    return Figure(median(values), min(values), max(values), len(values))


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """One ratio for each pair, so that what slowed down both drops out."""
    return [over / under for over, under in zip(above, below, strict=True)]
