"""A day of the calendar, copied to others."""

from collections import defaultdict
from datetime import date, timedelta

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import services
from hms.availability.forms.exceptions import CopyDayForm
from hms.availability.models import SlotStatus
from hms.availability.queries import offers
from hms.availability.services import SeriesResult
from hms.availability.views.doctor.blueprint import bp
from hms.errors import NotFound, Refusal
from hms.web import formats, render

WEEKS = 5
DAY = timedelta(days=1)


@bp.route("/calendar/<day>/copy", methods=["GET", "POST"])
def copy_day(day: str) -> ResponseReturnValue:
    """Offer the times of one day on other days as well."""
    source = day_in_path(day)
    form = CopyDayForm(days=days_after(source))
    if not form.validate_on_submit():
        return _page(form, source)
    try:
        result = services.copy_day(current_doctor, day=source, to_days=form.chosen)
    except Refusal as refusal:
        form.reject(refusal)
        return _page(form, source)
    flash(success_message(result, len(form.chosen)), "ok" if result.opened else "warn")
    return redirect(url_for(".calendar", week=form.chosen[0].isoformat()), 303)


def day_in_path(text: str) -> date:
    """The day that an address names; ``NotFound`` when it names none that a calendar shows."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
    if text != day.isoformat() or not clock.FIRST_DAY <= day <= clock.LAST_DAY - WEEKS * 7 * DAY:
        raise NotFound
    return day


def days_after(source: date) -> list[date]:
    """The days to choose from: five weeks from that of the day or from this one, without the day and the past."""
    monday = clock.monday_of(max(source, clock.today()))
    days = (monday + n * DAY for n in range(WEEKS * 7))
    return [day for day in days if day >= clock.today() and day != source]


def success_message(result: SeriesResult, days: int) -> str:
    """``6 times added on 2 days. 2 left out, because you offer a time then already.``"""
    parts = [f"{_times(result.opened)} added on {days} day{'' if days == 1 else 's'}."]
    if result.hidden:
        parts.append(f"{_times(result.hidden)} hidden from patients because of time off or a closure.")
    if result.overlapping:
        parts.append(f"{_times(result.overlapping)} left out because you already have a slot then.")
    if result.past:
        parts.append(f"{_times(result.past)} left out because they’re in the past.")
    return " ".join([*parts, *_skipped(result.skipped_days)])


def _skipped(skipped: list[tuple[date, str]]) -> list[str]:
    """What the clocks took from the copies: a sentence for each time, and the days on which it is missing."""
    by_sentence: dict[str, list[date]] = defaultdict(list)
    for day, sentence in skipped:
        by_sentence[sentence].append(day)
    return [
        f"{sentence} Left out on {formats.day(days[0]) if len(days) == 1 else f'{len(days)} days'}."
        for sentence, days in by_sentence.items()
    ]


def _times(number: int) -> str:
    return f"{number} slot{'' if number == 1 else 's'}"


def _page(form: CopyDayForm, source: date) -> ResponseReturnValue:
    starts_at, ends_at = clock.start_of_day(source), clock.start_of_day(source + DAY)
    own = offers.own_slots(current_doctor.id, since=starts_at, until=ends_at)
    items = [each for each in own if each.starts_at >= starts_at and each.status != SlotStatus.BUSY_UNAVAILABLE]
    return render(
        "doctor/copy_day.html",
        form=form,
        day=source,
        items=items,
        weeks=_weeks(form),
        back=url_for(".calendar", week=source.isoformat()),
    )


def _weeks(form: CopyDayForm) -> list[tuple[str, list]]:
    """The choices of the form, a line of seven for each week."""
    lines: dict[date, list] = defaultdict(lambda: [None] * 7)
    for option, day in zip(form.to_days, form.to_days.days, strict=True):
        lines[clock.monday_of(day)][day.weekday()] = option
    return [(f"Week of {formats.plain_day(monday)}", options) for monday, options in lines.items()]
