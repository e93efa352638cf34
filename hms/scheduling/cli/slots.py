"""``flask slots``: offering times from the command line, as a receptionist does over the telephone."""

from datetime import date, time

import click

from hms.cli import Group, say
from hms.scheduling import services
from hms.scheduling.cli.words import Day, EndTime, WallTime, Weekdays, counted, doctor_named
from hms.scheduling.models import Mode

slots = Group("slots", help="Offer times in a doctor's name.")


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
    doctor = doctor_named(email)
    if visit_minutes is None and until is None and weekdays is None:
        services.open_slot(doctor, day=day, start=start, end=end, mode=mode)
        say(f"Opened 1 time on {day}, {start:%H:%M} to {end:%H:%M}.")
        return
    result = services.open_series(
        doctor,
        first_day=day,
        last_day=until or day,
        weekdays=frozenset(range(7)) if weekdays is None else weekdays,
        start=start,
        end=end,
        visit_minutes=doctor.visit_minutes if visit_minutes is None else visit_minutes,
        mode=mode,
    )
    _report(result)


def _report(result: services.SeriesResult) -> None:
    say(f"Opened {counted(result.opened, 'time')}.")
    if result.overlapping:
        say(f"Left out {counted(result.overlapping, 'time')}, because other times are offered then.")
    if result.past:
        say(f"Left out {counted(result.past, 'time')}, because it is too late for that.")
    for day, sentence in result.skipped_days:
        say(f"Left out {day}: {sentence}")
