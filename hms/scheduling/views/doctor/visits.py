"""What a doctor does with an appointment: arrived, completed, did not attend, one step back, cancel."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms.auth.guards import current_doctor
from hms.errors import Refusal
from hms.scheduling import appointment_rules, queries, services
from hms.scheduling.forms.visiting import CancelForm
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.views.doctor.appointments import appointment_page
from hms.scheduling.views.doctor.blueprint import bp
from hms.web import render

Mark = Callable[..., Appointment]


@bp.post("/appointments/<uuid:appointment_id>/arrive")
def arrive(appointment_id: UUID) -> ResponseReturnValue:
    """The patient is here."""
    return _mark(services.mark_arrived, appointment_id)


@bp.post("/appointments/<uuid:appointment_id>/complete")
def complete(appointment_id: UUID) -> ResponseReturnValue:
    """The visit took place."""
    return _mark(services.mark_fulfilled, appointment_id)


@bp.post("/appointments/<uuid:appointment_id>/no-show")
def no_show(appointment_id: UUID) -> ResponseReturnValue:
    """The patient did not come."""
    return _mark(services.mark_noshow, appointment_id)


@bp.post("/appointments/<uuid:appointment_id>/undo")
def undo(appointment_id: UUID) -> ResponseReturnValue:
    """Take the last mark back."""
    take_back = partial(services.undo, mark=request.form.get("mark", ""))  # a page out of date takes back nothing else
    return _mark(take_back, appointment_id)


@bp.route("/appointments/<uuid:appointment_id>/cancel", methods=["GET", "POST"])
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Say why, and cancel."""
    form = CancelForm()
    if form.validate_on_submit():
        try:
            services.cancel_as_doctor(appointment_id, doctor=current_doctor, reason=form.reason.data or "")
        except Refusal as refusal:
            form.reject(refusal)
        else:
            flash("Appointment cancelled. The slot is free again.", "ok")
            return redirect(url_for(".appointment", appointment_id=appointment_id), 303)
    appointment = queries.get_appointment(appointment_id, doctor=current_doctor)
    can_cancel = appointment_rules.doctor_can_cancel(appointment)
    return render("doctor/cancel.html", form=form, appointment=appointment, can_cancel=can_cancel)


def _mark(mark: Mark, appointment_id: UUID) -> ResponseReturnValue:
    try:
        mark(appointment_id, doctor=current_doctor)
    except MoveNotAllowed as refusal:
        return appointment_page(appointment_id, refusal=refusal)
    return redirect(_way_back(appointment_id), 303)


def _way_back(appointment_id: UUID) -> str:
    """The page from which the button was pressed, which says what became of it; only pages that we know."""
    if request.form.get("back") == "today":
        return url_for(".today", marked=appointment_id)
    return url_for(".appointment", appointment_id=appointment_id, marked=appointment_id)
