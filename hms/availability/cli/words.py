"""What people write on the command line: days, times on the clinic's wall, days of the week."""

from datetime import date, datetime, time
from typing import Any

import click

from hms.auth import queries as people
from hms.auth.models import Doctor
from hms.errors import NotFound
from hms.labels import WEEKDAY_CODES


class Day(click.ParamType):
    """A day, as ``YYYY-MM-DD``."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day."""
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            self.fail(f"{value!r} isn’t a day like 2026-11-26.", param, ctx)


class WallTime(click.ParamType):
    """A time on the clinic's wall, as ``HH:MM``."""

    name = "HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> time:
        """Read the time."""
        try:
            return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007  # the clinic's zone comes later
        except ValueError:
            self.fail(f"{value!r} isn’t a time like 09:40.", param, ctx)


class EndTime(WallTime):
    """A time at which something ends; ``24:00`` is midnight, as ``00:00`` is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> time:
        """Read the time."""
        return super().convert("00:00" if value == "24:00" else value, param, ctx)


class Weekdays(click.ParamType):
    """Days of the week, as ``mon,tue``."""

    name = "mon,tue,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """Read the days; Monday is 0."""
        words = [word.strip().lower() for word in value.split(",")]
        if strange := [word for word in words if word not in WEEKDAY_CODES]:
            self.fail(f"{strange[0]!r} isn’t one of {', '.join(WEEKDAY_CODES)}.", param, ctx)
        return frozenset(WEEKDAY_CODES.index(word) for word in words)


def doctor_named(email: str) -> Doctor:
    """The doctor with this address. Raises ``NotFound``."""
    user = people.find_user_by_email(email)
    if user is None or user.doctor is None:
        whose = f"with the address {email}" if email else "without an email address"
        raise NotFound(f"There is no doctor {whose}.")
    return user.doctor
