"""What the addresses of these pages ask for; whatever they cannot mean is what most people want."""

from datetime import date, timedelta
from typing import NamedTuple

from hms import clock
from hms.availability.models import Mode
from hms.availability.queries import FreeTime
from hms.directory.queries import DoctorProfile
from hms.web import query_params

LONGEST_DAY = 40


class Kind(NamedTuple):
    """The kind of visit that times are shown for, and the soonest of them; no ``mode`` where there is no choice."""

    mode: Mode | None
    earliest: FreeTime | None


def parse_day(name: str) -> date | None:
    """The day that this parameter of the address names, unless it has gone by; None for anything else."""
    day = read_day(query_params.text(name, longest=LONGEST_DAY))
    return day if day and clock.today() <= day else None


def read_day(typed: str) -> date | None:
    """A day as people write one; without a year, the next that is called so."""
    if found := query_params.parse_day(typed):
        return found
    this_year = clock.today().year
    days = [query_params.parse_day(f"{typed} {year}") for year in (this_year, this_year + 1)] if typed else []
    return next((day for day in days if day and clock.today() <= day), None)


def first_of(day: date) -> date:
    """The first of the seven days that are shown with ``day``: today, or a whole number of weeks from it."""
    weeks = max((day - clock.today()).days // 7, 0)
    return clock.today() + weeks * timedelta(days=7)


def day_of(earliest: FreeTime | None) -> date:
    """The day of the earliest free time, or today."""
    return clock.to_clinic(earliest.starts_at).date() if earliest else clock.today()


def kind_of(visit: Mode | None, profile: DoctorProfile) -> Kind:
    """The kind of visit that is asked for, in person by default, where the doctor offers both."""
    if not (profile.in_person and profile.online):
        return Kind(None, profile.earliest)
    mode = visit or Mode.IN_PERSON
    return Kind(mode, profile.online if mode == Mode.ONLINE else profile.in_person)
