"""The zone of weekly hours, typed as people name one: a city, or a name of the time-zone database."""

from typing import Any

from hms import clock
from hms.forms import AS_TYPED, LineField

CITY_HINT = "A city, like Madrid, or a time zone, like Europe/Madrid"


LONGEST = 60


class ZoneField(LineField):
    """A zone by its city (``madrid``, ``New York``) or its name in the database; nothing is the clinic's own."""

    def __init__(self, label: str, **options: Any):
        super().__init__(label, longest=LONGEST, render_kw=AS_TYPED, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Find the zone; say what to enter when there is none, or more than one."""
        super().process_formdata(valuelist)
        if not self.data or self.is_too_long:
            return
        zones = zones_called(self.data)
        if not zones:
            raise ValueError("Enter a city that has its own time zone, like Madrid.")
        if len(zones) > 1:
            raise ValueError(f"There is more than one. Enter {' or '.join(zones[:3])}.")
        self.data = zones[0]


def zones_called(typed: str) -> list[str]:
    """The zones that somebody can mean, by name: the one of that very name, else those of that city."""
    wanted = _plain(typed)
    named = [name for name in clock.known_zones() if _plain(name) == wanted]
    return named or sorted(name for name in clock.known_zones() if _plain(name.rpartition("/")[2]) == wanted)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
