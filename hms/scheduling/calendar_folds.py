"""Free slots that follow each other, as one line of a calendar: a phone shows that instead of each.

Pure: days as :mod:`hms.scheduling.calendar_grid` lays them out, nothing read.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from hms.scheduling.calendar_grid import ROW_MINUTES, Event, Grid


class Fold(NamedTuple):
    """A run of free slots: ``3 free, 10:00–11:00``."""

    text: str
    slots: Sequence[Event]


Folds = dict[int, Fold | None]


def folds_of(grid: Grid) -> dict[str, Folds]:
    """For each day, by its id: the places among its events that are part of a run, the first with the fold itself."""
    return {day.id: _folds(day.events, grid.first_hour) for day in grid.days}


def _folds(events: Sequence[Event], first_hour: int) -> Folds:
    found: Folds = {}
    for is_free, run in groupby(enumerate(events), key=lambda pair: _is_free(pair[1])):
        places, slots = zip(*run, strict=True)
        if is_free and len(slots) > 1:
            found |= {**dict.fromkeys(places), places[0]: _fold(slots, first_hour)}
    return found


def _is_free(event: Event) -> bool:
    return event.kind == "free" and event.href is not None


def _fold(slots: Sequence[Event], first_hour: int) -> Fold:
    last = slots[-1]
    hour, minute = divmod((last.row + last.span - 1) * ROW_MINUTES, 60)
    return Fold(f"{len(slots)} free, {slots[0].time}\N{EN DASH}{(first_hour + hour) % 24:02}:{minute:02}", slots)
