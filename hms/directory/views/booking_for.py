"""Booking on a patient's behalf: choose a doctor, choose a slot, book."""

from datetime import date
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas, clock
from hms.auth import queries as people
from hms.auth.models import Patient
from hms.availability import booking_rules, words
from hms.availability import queries as offered
from hms.availability.models import Mode, Slot
from hms.directory import changing, queries, slot_picker
from hms.directory.forms import BookForForm
from hms.directory.slot_picker import Links
from hms.errors import NotFound, Refusal, Unavailable
from hms.scheduling import appointment_rules, presenters, services, slot_links
from hms.web import query_params, render

LONGEST_NAME = 120
TEMPLATE = "reception/book.html"

bp = areas.blueprint("reception", "reception", __name__)


@bp.route("/patients/<uuid:patient_id>/book", methods=["GET", "POST"])
def book(patient_id: UUID) -> ResponseReturnValue:
    """Without a doctor or slot in the address, the doctors; with a doctor, a week; with a slot, the details."""
    patient = people.get_patient_for_staff(patient_id)
    if slot_id := changing.id_in_address("slot"):
        return _check(patient, slot_id)
    if doctor_id := changing.id_in_address("doctor"):
        return _week(patient, doctor_id)
    name = query_params.text("q", longest=LONGEST_NAME)
    cards = queries.search_doctors(name=name).cards
    to_week = lambda card: _to(patient.id, doctor=card.doctor_id)  # noqa: E731
    results = [slot_picker.result(card, to=_to_slot(patient.id))._replace(href=to_week(card)) for card in cards]
    return render(TEMPLATE, step="doctors", patient=patient, typed=name, results=results)


def _week(patient: Patient, doctor_id: UUID) -> ResponseReturnValue:
    profile = queries.get_bookable_doctor(doctor_id)
    profile = profile._replace(rules=changing.unbound(profile.rules))
    kind = slot_picker.kind_of(words.parse_mode(query_params.word("visit")), profile)
    day = slot_picker.parse_day("day") or slot_picker.day_of(kind.earliest)
    week = offered.week_of(doctor_id, clock.monday_of(day), rules=profile.rules, mode=kind.mode)

    def to_day(day: date | None, visit: str | None) -> str:
        return _to(patient.id, doctor=doctor_id, day=day.isoformat() if day else None, visit=visit)

    links = Links(to_day, _to_slot(patient.id))
    picker = slot_picker.week_picker(profile, week, day, kind=kind, links=links)
    return render(TEMPLATE, step="week", patient=patient, doctor=profile.doctor, picker=picker)


def _check(patient: Patient, slot_id: UUID) -> ResponseReturnValue:
    slot = _slot(slot_id)
    form = BookForForm(mode=_mode(slot))
    if form.validate_on_submit():
        try:
            appointment = services.book_as_staff(
                slot_id,
                patient=patient,
                actor_id=current_user.id,
                reason=form.reason.data or "",
                mode=form.mode.data,
                idempotency_key=str(form.idempotency_key.data),
            )
        except Refusal as refusal:
            form.reject(refusal)
        else:
            flash("The appointment is booked. The patient gets an email.", "ok")
            return redirect(url_for(".appointment", appointment_id=appointment.id), 303)
    return _details(patient, _slot(slot_id), form)


def _details(patient: Patient, slot: Slot, form: BookForForm) -> ResponseReturnValue:
    refusal = form.refusal or appointment_rules.why_not_take(slot)
    is_lost = refusal is not None and not isinstance(refusal, Unavailable)
    rules = changing.unbound(booking_rules.of(slot.doctor_id))
    near = offered.nearest_free(slot, rules=rules, count=3) if is_lost else []
    form.mode.data = form.mode.data or _mode(slot)
    return render(
        TEMPLATE,
        step="lost" if is_lost else "check",
        status=refusal.status if refusal else None,
        patient=patient,
        slot=slot,
        form=form,
        refusal=refusal,
        details=presenters.details(slot),
        place=presenters.where(slot.doctor),
        take=changing.short(slot),
        times=slot_links.times_instead(near, of=slot, to=_to_slot(patient.id)),
    )


def _slot(slot_id: UUID) -> Slot:
    slot = offered.find_slot(slot_id)
    if slot is None or not slot.doctor.is_bookable:
        raise NotFound("This time is no longer offered. Choose another.")
    return slot


def _mode(slot: Slot) -> str:
    if slot.mode != Mode.BOTH:
        return slot.mode
    return words.parse_mode(query_params.word("visit")) or Mode.IN_PERSON


def _to(patient_id: UUID, **values: object) -> str:
    given = {name: str(value) for name, value in values.items() if value is not None}
    return url_for("reception.book", patient_id=patient_id, **given)  # type: ignore[arg-type]  # values, not options


def _to_slot(patient_id: UUID) -> slot_links.Address:
    return lambda slot_id, visit: _to(patient_id, slot=slot_id, visit=visit)
