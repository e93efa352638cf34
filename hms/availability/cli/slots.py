"""``flask slots``: offering times from the command line, as a receptionist does over the telephone."""

from collections.abc import Sequence
from datetime import date, datetime, time

import click

from hms import clock
from hms.availability import services
from hms.availability.booking_rules import counted
from hms.availability.cli.words import Day, EndTime, WallTime, Weekdays, doctor_named
from hms.availability.models import Mode
from hms.cli import Group, say
from hms.errors import Invalid
from hms.web import formats

WHICH = click.Choice(["first", "second"])

slots = Group("slots", help="Add slots for a doctor.")


@slots.command("open")
@click.option("--doctor", "email", required=True, help="The doctor's email address.")
@click.option("--day", type=Day(), required=True, help="The day, or the first day.")
@click.option("--start", type=WallTime(), required=True, help="When the first visit starts, on the clinic's clock.")
@click.option("--end", type=EndTime(), required=True, help="When the last visit ends; 24:00 is midnight.")
@click.option("--visit-minutes", type=int, help="Length of one visit. Without it, start to end is one visit.")
@click.option("--until", type=Day(), help="The last day of a series.")
@click.option("--weekdays", type=Weekdays(), help="The days of the week of a series; without it, every day.")
@click.option("--start-which", type=WHICH, help="Which start, when the clocks go back.")
@click.option("--end-which", type=WHICH, help="Which end, when the clocks go back.")
@click.option(
    "--mode", type=click.Choice([str(mode) for mode in Mode]), default="in-person", help="How patients are seen."
)
def open_command(
    email: str,
    day: date,
    start: time,
    end: time,
    visit_minutes: int | None,
    until: date | None,
    weekdays: frozenset[int] | None,
    start_which: str | None,
    end_which: str | None,
    mode: str,
) -> None:
    """Add one slot, or a session of slots on several days."""
    doctor = doctor_named(email)
    if visit_minutes is None and until is None and weekdays is None:
        start = _parse_fold(start, start_which, clock.moments_at(day, start), "--start-which")
        end = _parse_fold(end, end_which, clock.ends_after(clock.on_wall(day, start), end), "--end-which")
        services.open_slot(doctor, day=day, start=start, end=end, mode=mode)
        say(f"Opened 1 slot on {day}, {start:%H:%M} to {end:%H:%M}.")
        return
    days = frozenset(range(7)) if weekdays is None else weekdays
    last = until or day
    result = services.open_series(
        doctor,
        first_day=day,
        last_day=last,
        weekdays=days,
        start=_parse_fold(start, start_which, _twice(start, day, last, days), "--start-which"),
        end=_parse_fold(end, end_which, _twice(end, day, last, days) if end != time.min else (), "--end-which"),
        visit_minutes=doctor.visit_minutes if visit_minutes is None else visit_minutes,
        mode=mode,
    )
    _report(result)


def _twice(at: time, first: date, last: date, weekdays: frozenset[int]) -> Sequence[datetime]:
    """Both moments of the first day of a series on which the clock shows the time twice."""
    day = clock.first_doubled(first, last, at, weekdays=weekdays)
    return clock.moments_at(day, at) if day else ()


def _parse_fold(at: time, which: str | None, moments: Sequence[datetime], option: str) -> time:
    """The time with the choice in its ``fold``. Raises ``Invalid`` where there is one to make and none was made."""
    if len(moments) < 2:
        return at
    if which is None:
        first, second = map(formats.time, moments)
        raise Invalid(
            f"The clocks go back on {formats.day(moments[0])}, so {at:%H:%M} happens twice: {first} and {second}."
            f" Add {option} first or {option} second."
        )
    return at.replace(fold=int(which == "second"))


def _report(result: services.SeriesResult) -> None:
    say(f"Opened {counted(result.opened, 'slot')}.")
    if result.overlapping:
        say(f"Left out {counted(result.overlapping, 'slot')} that overlapped others.")
    if result.past:
        say(f"Left out {counted(result.past, 'slot')} in the past.")
    for day, sentence in result.skipped_days:
        say(f"Left out {day}: {sentence}")
