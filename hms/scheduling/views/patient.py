"""The patient's area: home, booking, appointments."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from hms import areas, throttle
from hms.auth.guards import current_patient
from hms.availability import booking_rules, words
from hms.availability import queries as offered
from hms.availability.models import Mode
from hms.errors import Refusal, Unavailable
from hms.scheduling import appointment_rules, preparing, presenters, queries, services, slot_links
from hms.scheduling.forms import BookForm, PatientCancelForm, new_key
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.queries import SlotToBook
from hms.scheduling.refusals import (
    AlreadyBooked,
    KeyReused,
    ModeChanged,
    NotOffering,
    NotYet,
    TooManyBookings,
    TooOften,
)
from hms.throttle import rules
from hms.web import paging, query_params, render

TIMES_TO_CHOOSE_FROM = 12

bp = areas.blueprint("patient", "patient", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    """The next appointment, and the doctors seen before."""
    coming = queries.next_appointment(patient=current_patient)
    past = queries.list_appointments(patient=current_patient, past=True)
    return render(
        "patient/home.html",
        coming=presenters.visit(coming) if coming else None,
        doctors=presenters.doctors_seen(past),
        photo_address=presenters.photo_address,
    )


@bp.route("/slots/<uuid:slot_id>/book", methods=["GET", "POST"])
def book(slot_id: UUID) -> ResponseReturnValue:
    """Check the details of a free time and book it."""
    asked = words.parse_mode(query_params.word("visit"))
    form = BookForm(mode=asked or Mode.IN_PERSON)
    if form.validate_on_submit():
        throttle.count(rules.BOOKING, account=current_patient.id)
        try:
            appointment = services.book(
                slot_id,
                patient=current_patient,
                reason=form.reason.data or "",
                mode=form.mode.data if form.mode.raw_data else asked,
                idempotency_key=str(form.idempotency_key.data),
            )
        except NotOffering:  # there is no time of this doctor to offer instead
            raise
        except NotYet as not_yet:
            return redirect(not_yet.next_page, 303)
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return _to_confirmation(appointment)
    return _check_page(queries.get_slot_to_book(slot_id, patient=current_patient), form)


def _to_confirmation(appointment: Appointment) -> ResponseReturnValue:
    return redirect(url_for(".appointment", appointment_id=appointment.id, booked=1), 303)


def _check_page(found: SlotToBook, form: BookForm) -> ResponseReturnValue:
    """The page of a time that can be booked, or of one that cannot, with the nearest that can."""
    slot, rules, standing = found
    refusal = (
        form.refusal
        or appointment_rules.why_not_book(slot, rules)
        or appointment_rules.why_not_book_another(rules, standing)
    )
    if refusal is None or isinstance(refusal, Unavailable | KeyReused | ModeChanged):
        return render(
            "patient/book.html",
            form=form,
            slot=slot,
            details=presenters.details(slot),
            place=presenters.where(slot.doctor),
            promise=presenters.promise_for(slot, rules),
        )
    own = queries.list_appointments(patient=current_patient)
    if booked := next((appointment for appointment in own if appointment.slot_id == slot.id), None):
        return _to_confirmation(booked)
    return _refusal_page(found, form, refusal, own)


def _refusal_page(found: SlotToBook, form: BookForm, refusal: Refusal, own: list[Appointment]) -> ResponseReturnValue:
    slot, rules, _ = found
    near = offered.nearest_free(slot, rules=rules, count=TIMES_TO_CHOOSE_FROM)
    free = slot_links.nearest(near, to=slot, excluding=own)
    clash = next((appointment for appointment in own if slot_links.overlaps(slot, appointment)), None)
    return render(
        "patient/book.html",
        form=form,
        status=refusal.status,
        slot=slot,
        details=presenters.details(slot),
        refusal=refusal,
        is_at_a_limit=isinstance(refusal, TooManyBookings | TooOften),
        clash=clash if isinstance(refusal, AlreadyBooked) else None,
        times=slot_links.times_instead(free, of=slot, mode=Mode(str(form.mode.data))),
        new_key=new_key,
    )


@bp.get("/appointments")
def appointments() -> ResponseReturnValue:
    """Those to come, soonest first, or those past, latest first."""
    is_past = query_params.word("tab") == "past"
    counts = queries.count_appointments(patient=current_patient)
    number = paging.clamped(paging.parse_page(), total=counts[is_past], size=queries.APPOINTMENTS_ON_A_PAGE)
    found = queries.list_appointments(patient=current_patient, past=is_past, page=number)
    booking_rules.read_ahead(appointment.doctor_id for appointment in found)
    visits = [presenters.visit(appointment) for appointment in found]
    return render(
        "patient/appointments.html",
        is_past=is_past,
        counts=counts,
        found=paging.Page(visits, number, counts[is_past], queries.APPOINTMENTS_ON_A_PAGE),
    )


@bp.get("/appointments/<uuid:appointment_id>")
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    """Everything about one appointment; right after booking or cancelling, the confirmation of it."""
    appointment = queries.get_appointment(appointment_id, patient=current_patient)
    return render(
        "patient/appointment.html",
        appointment=appointment,
        doctor=appointment.doctor,
        details=presenters.details(appointment),
        preparation=preparing.for_visit(appointment.mode),
        history=presenters.history(appointment, reader=current_patient),
        cancelled_by=presenters.cancelled_by(appointment, reader=current_patient),
        can_cancel=appointment_rules.patient_can_cancel(appointment),
        can_change=appointment_rules.patient_can_change(
            appointment, changes=presenters.changes_of(appointment, by=current_patient.user_id)
        ),
        cancel_until=appointment_rules.cancel_until(appointment),
        window=booking_rules.of(appointment.doctor_id).cancellation_words,
        can_book_again=appointment.doctor.is_bookable,
        is_over=presenters.is_over(appointment),
    )


@bp.route("/appointments/<uuid:appointment_id>/cancel", methods=["GET", "POST"])
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Look once more at what is cancelled, and cancel it."""
    form = PatientCancelForm()
    if form.validate_on_submit():
        throttle.count(rules.CANCELLING, account=current_patient.id)
        try:
            services.cancel_as_patient(appointment_id, patient=current_patient, reason=form.reason.data or "")
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".appointment", appointment_id=appointment_id, cancelled=1), 303)
    return _cancel_page(queries.get_appointment(appointment_id, patient=current_patient), form)


def _cancel_page(appointment: Appointment, form: PatientCancelForm) -> ResponseReturnValue:
    if appointment.status == AppointmentStatus.CANCELLED:
        return redirect(url_for(".appointment", appointment_id=appointment.id), 303)
    refusal = form.refusal or appointment_rules.why_not_cancel(appointment)
    return render(
        "patient/cancel.html",
        form=form,
        status=refusal.status if refusal else None,
        appointment=appointment,
        details=presenters.details(appointment),
        refusal=refusal,
    )
