"""Weekly hours that end or are deleted, after a look at what goes with them."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import queries, schedule_text, services
from hms.availability.forms.exceptions import EndHoursForm
from hms.availability.models import Schedule
from hms.availability.queries.offers import draft_of
from hms.availability.refusals import PreviewOutdated
from hms.availability.services import Preview
from hms.availability.views.doctor.blueprint import bp
from hms.availability.views.doctor.out_of_hours import out_of_hours_by
from hms.availability.views.gone import gone_is_fine
from hms.errors import Refusal
from hms.forms import HmsForm
from hms.web import render


@bp.route("/hours/<uuid:schedule_id>/end", methods=["GET", "POST"])
def end_hours(schedule_id: UUID) -> ResponseReturnValue:
    """Let weekly hours end on a day."""
    with gone_if_posted(schedule_id):
        return _end(schedule_id)
    return redirect(url_for(".hours"), 303)


def _end(schedule_id: UUID) -> ResponseReturnValue:
    schedule = queries.get_schedule(schedule_id, doctor=current_doctor)
    form = EndHoursForm(last_day=schedule.valid_until or max(clock.today(), schedule.valid_from))
    if not form.validate_on_submit():
        return _end_page(schedule, form)
    ending: dict[str, Any] = {"doctor": current_doctor, "last_day": form.chosen}
    try:
        if request.form.get("do") != "save":
            return _end_page(schedule, form, services.preview_end(schedule_id, **ending))
        services.end_schedule(schedule_id, **ending, preview_token=request.form.get("preview_token"))
    except PreviewOutdated as outdated:
        return _end_page(schedule, form, services.preview_end(schedule_id, **ending), outdated)
    except Refusal as refusal:
        form.reject(refusal)
        return _end_page(schedule, form)
    flash(f"These hours end on {schedule_text.day_words(form.chosen)}.", "ok")
    return redirect(url_for(".hours"), 303)


@bp.route("/hours/<uuid:schedule_id>/remove", methods=["GET", "POST"])
def delete_hours(schedule_id: UUID) -> ResponseReturnValue:
    """Take weekly hours back, with every free time that was made of them."""
    with gone_if_posted(schedule_id):
        return _delete(schedule_id)
    return redirect(url_for(".hours"), 303)


def gone_if_posted(schedule_id: UUID) -> AbstractContextManager[None]:
    """Who posts wanted the hours gone; a page about hours that are not there is not found."""
    if request.method != "POST":
        return nullcontext()
    return gone_is_fine(Schedule, schedule_id, "These hours were already deleted.")


def _delete(schedule_id: UUID) -> ResponseReturnValue:
    schedule = queries.get_schedule(schedule_id, doctor=current_doctor)
    form, outdated = HmsForm(), None
    if form.validate_on_submit():
        try:
            services.delete_schedule(
                schedule_id, doctor=current_doctor, preview_token=request.form.get("preview_token")
            )
        except PreviewOutdated as refusal:
            outdated = refusal
        else:
            flash("Hours deleted.", "ok")
            return redirect(url_for(".hours"), 303)
    preview = services.preview_deletion(schedule_id, doctor=current_doctor)
    return _page("doctor/delete_hours.html", schedule, form, preview, outdated)


def _end_page(
    schedule: Schedule, form: EndHoursForm, preview: Preview | None = None, outdated: PreviewOutdated | None = None
) -> ResponseReturnValue:
    return _page("doctor/end_hours.html", schedule, form, preview, outdated)


def _page(
    template: str, schedule: Schedule, form: HmsForm, preview: Preview | None, outdated: PreviewOutdated | None
) -> ResponseReturnValue:
    line, out_of_hours = schedule_text.line(draft_of(schedule)), out_of_hours_by(preview) if preview else None
    status = outdated.status if outdated else None
    return render(
        template, status=status, schedule=line, form=form, preview=preview, out_of_hours=out_of_hours, outdated=outdated
    )
