"""Exceptions from the weekly hours: the doctor's time off, and the days on which the whole clinic is closed."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import queries, schedule_text, services
from hms.availability.forms.exceptions import TimeOffForm
from hms.availability.models import Closure, TimeOff
from hms.availability.refusals import PreviewOutdated
from hms.availability.views.doctor.blueprint import bp
from hms.availability.views.gone import gone_is_fine
from hms.errors import Refusal
from hms.web import formats, paging, render


class Line(NamedTuple):
    """A line of the list; only one's own time off has an id to remove it by."""

    when: str
    text: str
    first_day: date
    id: UUID | None


@bp.route("/exceptions", methods=["GET", "POST"])
def exceptions() -> ResponseReturnValue:
    """Upcoming time off and closures; posting adds time off, after a look at what is in it."""
    form = TimeOffForm()
    if not form.validate_on_submit() or request.form.get("do") == "edit":
        return _page(form)
    try:
        if request.form.get("do") != "save":
            return _check(form)
        services.add_time_off(
            current_doctor,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            reason=form.reason.data or "",
            preview_token=request.form.get("preview_token"),
        )
    except PreviewOutdated as outdated:
        return _check(form, outdated)
    except Refusal as refusal:
        form.reject(refusal)
        return _page(form)
    flash(f"Time off added: {interval(form.starts_at, form.ends_at)}.", "ok")
    return redirect(url_for(".exceptions"), 303)


@bp.post("/exceptions/<uuid:time_off_id>/delete")
def delete_time_off(time_off_id: UUID) -> ResponseReturnValue:
    """Take time off back: what it hid is offered again."""
    with gone_is_fine(TimeOff, time_off_id, "This time off was already removed."):
        services.remove_time_off(time_off_id, doctor=current_doctor)
        flash("Time off removed. Patients can book your weekly hours again.", "ok")
    return redirect(url_for(".exceptions"), 303)


def interval(starts_at: datetime, ends_at: datetime) -> str:
    """``24 November 2026, all day``, ``24 to 27 November 2026``, or the two moments."""
    first, last = clock.to_clinic(starts_at), clock.to_clinic(ends_at)
    last_day = (ends_at - clock.day_bounds(last.date())[0]).total_seconds() == 0
    if last_day and starts_at == clock.start_of_day(first.date()):
        return whole_days(first.date(), clock.to_clinic(ends_at - datetime.resolution).date())
    if first.date() == last.date():
        return f"{formats.day(starts_at)}, {formats.time(starts_at)} to {formats.time(ends_at)}"
    return f"{formats.moment(starts_at)} to {formats.moment(ends_at)}"


def whole_days(first_day: date, last_day: date) -> str:
    """``Tuesday 24 November 2026``, or the first and the last."""
    if first_day == last_day:
        return f"{formats.day(first_day)}, all day"
    return f"{formats.day(first_day)} to {formats.day(last_day)}"


def _page(form: TimeOffForm) -> ResponseReturnValue:
    lines = [*map(_own, queries.list_time_off(current_doctor)), *map(_closure, queries.list_closures())]
    in_order = sorted(lines, key=lambda line: line.first_day)
    return render(
        "doctor/exceptions.html",
        form=form,
        exceptions=paging.page_of(in_order, paging.parse_page()),
        out_of_hours=len(queries.list_out_of_hours(current_doctor)),
    )


def _own(one: TimeOff) -> Line:
    first_day = clock.to_clinic(one.starts_at).date()
    return Line(interval(one.starts_at, one.ends_at), one.reason or "Time off", first_day, one.id)


def _closure(one: Closure) -> Line:
    return Line(whole_days(one.first_day, one.last_day), one.name, one.first_day, None)


def _check(form: TimeOffForm, outdated: PreviewOutdated | None = None) -> ResponseReturnValue:
    preview = services.preview_time_off(current_doctor, form.starts_at, form.ends_at)
    last_day = clock.to_clinic(form.ends_at - datetime.resolution).date()
    return render(
        "doctor/_exceptions_check.html",
        form=form,
        status=outdated.status if outdated else None,
        outdated=outdated,
        when=interval(form.starts_at, form.ends_at),
        preview=preview,
        clock_changes=schedule_text.clock_changes(
            clock.to_clinic(form.starts_at).date(), last_day, zone=clock.clinic_zone()
        ),
    )
