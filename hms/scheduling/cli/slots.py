"""``flask slots``: offering times from the command line, as a receptionist does over the telephone."""

from datetime import date, time

import click
from flask.cli import AppGroup

from hms.auth import queries as people
from hms.auth.models import Doctor
from hms.errors import Refusal
from hms.scheduling import services
from hms.scheduling.cli.words import Day, EndTime, WallTime, Weekdays, counted
from hms.scheduling.models import Mode

slots = AppGroup("slots", help="Offer times in a doctor's name.")


@slots.command("open")
@click.option("--doctor", "email", required=True, help="The doctor's email address.")
@click.option("--day", type=Day(), required=True, help="The day, or the first one.")
@click.option("--start", type=WallTime(), required=True, help="When the first visit starts, on the clinic's clock.")
@click.option("--end", type=EndTime(), required=True, help="When the last visit ends; 24:00 is midnight.")
@click.option("--visit-minutes", type=int, help="Length of one visit. Without it, start to end is one visit.")
@click.option("--until", type=Day(), help="The last day of a series.")
@click.option("--weekdays", type=Weekdays(), help="The days of the week of a series; without it, every day.")
@click.option("--mode", type=click.Choice([str(mode) for mode in Mode]), default="in-person", help="How patients come.")
def open_command(
    email: str,
    day: date,
    start: time,
    end: time,
    visit_minutes: int | None,
    until: date | None,
    weekdays: frozenset[int] | None,
    mode: str,
) -> None:
    """Offer one time, or a series of visits back to back on several days."""
    try:
        doctor = _doctor(email)
        if visit_minutes is None and until is None and weekdays is None:
            services.open_slot(doctor, day=day, start=start, end=end, mode=mode)
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
            mode=mode,
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
    click.echo(f"Opened {counted(result.opened, 'time')}.")
    if result.overlapping:
        click.echo(f"Left out {counted(result.overlapping, 'time')}, because other times are offered then.")
    if result.past:
        click.echo(f"Left out {counted(result.past, 'time')}, because it is too late for that.")
    for day, sentence in result.skipped_days:
        click.echo(f"Left out {day}: {sentence}")
