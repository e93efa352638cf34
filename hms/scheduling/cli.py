"""``flask slots``: offering times from the command line, as a receptionist does over the telephone."""

from datetime import date, datetime, time
from typing import Any

import click
from flask.cli import AppGroup

from hms.auth import queries as people
from hms.auth.models import Doctor
from hms.errors import Refusal
from hms.scheduling import services

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

slots = AppGroup("slots", help="Offer times in a doctor's name.")


class Day(click.ParamType):
    """A day, as ``YYYY-MM-DD``."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day."""
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-11-26.", param, ctx)


class WallTime(click.ParamType):
    """A time on the clinic's wall, as ``HH:MM``."""

    name = "HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> time:
        """Read the time."""
        try:
            return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007  # the clinic's zone comes later
        except ValueError:
            self.fail(f"{value!r} is not a time like 09:40.", param, ctx)


class Weekdays(click.ParamType):
    """Days of the week, as ``mon,tue``."""

    name = "mon,tue,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """Read the days; Monday is 0."""
        words = [word.strip().lower() for word in value.split(",")]
        if strange := [word for word in words if word not in WEEKDAYS]:
            self.fail(f"{strange[0]!r} is not one of {', '.join(WEEKDAYS)}.", param, ctx)
        return frozenset(WEEKDAYS.index(word) for word in words)


@slots.command("open")
@click.option("--doctor", "email", required=True, help="The doctor's email address.")
@click.option("--day", type=Day(), required=True, help="The day, or the first one.")
@click.option("--start", type=WallTime(), required=True, help="When the first visit starts, on the clinic's clock.")
@click.option("--end", type=WallTime(), required=True, help="When the last visit ends.")
@click.option("--visit-minutes", type=int, help="Length of one visit. Without it, start to end is one visit.")
@click.option("--until", type=Day(), help="The last day of a series.")
@click.option("--weekdays", type=Weekdays(), help="The days of the week of a series; without it, every day.")
def open_command(
    email: str,
    day: date,
    start: time,
    end: time,
    visit_minutes: int | None,
    until: date | None,
    weekdays: frozenset[int] | None,
) -> None:
    """Offer one time, or a series of visits back to back on several days."""
    try:
        doctor = _doctor(email)
        if visit_minutes is None and until is None and weekdays is None:
            services.open_slot(doctor, day=day, start=start, end=end)
            click.echo(f"Opened 1 time on {day}, {start:%H:%M} to {end:%H:%M}.")
            return
        result = services.open_series(
            doctor,
            first_day=day,
            last_day=until or day,
            weekdays=weekdays or frozenset(range(7)),
            start=start,
            end=end,
            visit_minutes=visit_minutes or doctor.visit_minutes,
        )
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from refusal
    _report(result)


def _doctor(email: str) -> Doctor:
    user = people.find_user_by_email(email)
    if user is None or user.doctor is None:
        raise click.ClickException(f"There is no doctor with the address {email}.")
    return user.doctor


def _report(result: services.SeriesResult) -> None:
    click.echo(f"Opened {_times(result.opened)}.")
    if result.overlapping:
        click.echo(f"Left out {_times(result.overlapping)}, because other times are offered then.")
    if result.past:
        click.echo(f"Left out {_times(result.past)}, because it is too late for that.")
    for day, sentence in result.skipped_days:
        click.echo(f"Left out {day}: {sentence}")


def _times(count: int) -> str:
    return f"{count} time{'' if count == 1 else 's'}"
