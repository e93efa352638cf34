"""The desk: find a patient, the day of all doctors, and what can be done with one appointment."""

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas, clock, labels
from hms.auth import queries as people
from hms.errors import Refusal
from hms.reception import queries
from hms.reception.forms import DeskCancelForm
from hms.scheduling import appointment_rules, presenters, services
from hms.scheduling import queries as booked
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed
from hms.web import query_params, render

LONGEST_SEARCH = 120
CAN_ARRIVE = (AppointmentStatus.BOOKED, AppointmentStatus.NOSHOW)

bp = areas.blueprint("reception", "reception", __name__)


@bp.get("")
def desk() -> ResponseReturnValue:
    """One box for a patient, and below it everybody who comes today."""
    typed = query_params.text("q", longest=LONGEST_SEARCH)
    visits = queries.list_day(clock.today())
    doctor_id = _id("doctor")
    shown = [visit for visit in visits if doctor_id in (None, visit.appointment.doctor_id)]
    return render(
        "reception/desk.html",
        typed=typed,
        patients=queries.find_patients(typed) if typed else None,
        today=clock.today(),
        visits=shown,
        doctors=queries.doctors_of(visits),
        doctor_id=doctor_id,
        waiting=sum(visit.waiting_minutes is not None for visit in shown),
        can_arrive=CAN_ARRIVE,
    )


@bp.get("/patients/<uuid:patient_id>")
def patient(patient_id: UUID) -> ResponseReturnValue:
    """Who it is, and what is to come."""
    patient = people.get_patient_for_staff(patient_id)
    coming = booked.list_appointments(patient=patient)
    return render(
        "reception/patient.html",
        patient=patient,
        coming=coming,
        past=booked.list_appointments(patient=patient, past=True)[:5],
    )


@bp.get("/appointments/<uuid:appointment_id>")
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    """One appointment: what, who, what can be done, and what was done by whom."""
    return _page(appointment_id)


@bp.post("/appointments/<uuid:appointment_id>/arrive")
def arrive(appointment_id: UUID) -> ResponseReturnValue:
    """The patient is here."""
    try:
        services.mark_arrived_at_desk(appointment_id, actor_id=current_user.id)
    except MoveNotAllowed as refusal:
        return _page(appointment_id, refusal=refusal)
    flash("Marked as arrived.", "ok")
    if request.form.get("back") == "desk":
        return redirect(url_for(".desk"), 303)
    return redirect(url_for(".appointment", appointment_id=appointment_id), 303)


@bp.route("/appointments/<uuid:appointment_id>/cancel", methods=["GET", "POST"])
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Say why, and cancel."""
    form = DeskCancelForm()
    if form.validate_on_submit():
        try:
            services.cancel_as_clinic(appointment_id, reason=form.reason.data or "", actor_id=current_user.id)
        except Refusal as refusal:
            form.reject(refusal)
        else:
            flash("The appointment is cancelled, and its slot is free again.", "ok")
            return redirect(url_for(".appointment", appointment_id=appointment_id), 303)
    appointment = booked.get_any_appointment(appointment_id)
    can_cancel = appointment.can_become(AppointmentStatus.CANCELLED)
    return render(
        "reception/cancel.html",
        form=form,
        status=form.refusal.status if form.refusal else None,
        appointment=appointment,
        can_cancel=can_cancel,
    )


def _page(appointment_id: UUID, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    appointment = booked.get_any_appointment(appointment_id)
    return render(
        "reception/appointment.html",
        status=refusal.status if refusal else None,
        refusal=refusal,
        appointment=appointment,
        details=presenters.details(appointment),
        history=presenters.history_in_full(appointment),
        can_arrive=_can_arrive(appointment),
        can_change=appointment_rules.why_not_move(appointment) is None,
        can_cancel=appointment.can_become(AppointmentStatus.CANCELLED),
        kind=labels.MODES[appointment.mode],
    )


def _can_arrive(appointment: Appointment) -> bool:
    return appointment.status in CAN_ARRIVE and appointment_rules.is_for_today_or_past(appointment)


def _id(name: str) -> UUID | None:
    try:
        return UUID(query_params.word(name))
    except ValueError:
        return None
