"""Change time: choose another slot, look at both times, move. For patients and for doctors the pages are the same."""

from uuid import UUID

from flask import current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas
from hms.auth.guards import current_doctor, current_patient
from hms.availability import booking_rules, words
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Mode, Slot
from hms.directory import changing, slot_picker
from hms.directory.changing import Address, Side
from hms.directory.forms import ChangeForm
from hms.errors import NotFound, Refusal, Unavailable
from hms.scheduling import appointment_rules, presenters, queries, services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import ModeChanged, StalePage
from hms.scheduling.services import NewTime
from hms.web import query_params, render

patients = areas.blueprint("patient", "patient", __name__)
doctors = areas.blueprint("doctor", "doctor", __name__)
reception = areas.blueprint("reception", "reception", __name__)


class PatientSide:
    """Patients change the time of their own appointments, within the rules, with any doctor of the specialty."""

    area, has_others = "patient", True

    def get(self, appointment_id: UUID) -> Appointment:
        """One's own."""
        return queries.get_appointment(appointment_id, patient=current_patient)

    def move(self, appointment_id: UUID, new: NewTime) -> Appointment:
        """Within the rules."""
        return services.move_as_patient(appointment_id, new, patient=current_patient)

    def rules(self, rules: BookingRules) -> BookingRules:
        """All of them."""
        return rules

    def why_not(self, appointment: Appointment) -> Refusal | None:
        """It is too late, was changed often, or is over."""
        changes = presenters.changes_of(appointment, by=current_patient.user_id)
        return appointment_rules.why_not_change(appointment, changes=changes)

    def why_not_to(self, slot: Slot, rules: BookingRules) -> Refusal | None:
        """What keeps anybody from booking it."""
        return appointment_rules.why_not_book(slot, rules)


class DoctorSide:
    """Doctors give their patients another of their own times, whatever notice and horizon say."""

    area, has_others = "doctor", False

    def get(self, appointment_id: UUID) -> Appointment:
        """Of one's own list."""
        return queries.get_appointment(appointment_id, doctor=current_doctor)

    def move(self, appointment_id: UUID, new: NewTime) -> Appointment:
        """Among one's own times."""
        return services.move_as_doctor(appointment_id, new, doctor=current_doctor)

    def rules(self, rules: BookingRules) -> BookingRules:
        """Neither notice nor horizon."""
        return changing.unbound(rules)

    def why_not(self, appointment: Appointment) -> Refusal | None:
        """It is over or was marked."""
        return appointment_rules.why_not_move(appointment)

    def why_not_to(self, slot: Slot, rules: BookingRules) -> Refusal | None:
        """It is past, taken or blocked."""
        return appointment_rules.why_not_take(slot)


class ReceptionSide:
    """Reception gives any patient another time with any doctor of the specialty, whatever notice and horizon say."""

    area, has_others = "reception", True

    def get(self, appointment_id: UUID) -> Appointment:
        """Anybody's."""
        return queries.get_any_appointment(appointment_id)

    def move(self, appointment_id: UUID, new: NewTime) -> Appointment:
        """On the patient's behalf."""
        return services.move_as_staff(appointment_id, new, actor_id=current_user.id)

    def rules(self, rules: BookingRules) -> BookingRules:
        """Neither notice nor horizon."""
        return changing.unbound(rules)

    def why_not(self, appointment: Appointment) -> Refusal | None:
        """It is over or was marked."""
        return appointment_rules.why_not_move(appointment)

    def why_not_to(self, slot: Slot, rules: BookingRules) -> Refusal | None:
        """It is past, taken or blocked."""
        return appointment_rules.why_not_take(slot)


@patients.route("/appointments/<uuid:appointment_id>/change", methods=["GET", "POST"], endpoint="change")
def change_as_patient(appointment_id: UUID) -> ResponseReturnValue:
    """Choose another time for one's own appointment."""
    return _change(appointment_id, PatientSide(), "patient/change.html")


@doctors.route("/appointments/<uuid:appointment_id>/change", methods=["GET", "POST"], endpoint="change")
def change_as_doctor(appointment_id: UUID) -> ResponseReturnValue:
    """Choose another time for a patient."""
    return _change(appointment_id, DoctorSide(), "doctor/change.html")


@reception.route("/appointments/<uuid:appointment_id>/change", methods=["GET", "POST"], endpoint="change")
def change_as_reception(appointment_id: UUID) -> ResponseReturnValue:
    """Choose another time on a patient's behalf."""
    return _change(appointment_id, ReceptionSide(), "reception/change.html")


@reception.get("/appointments/<uuid:appointment_id>/changed", endpoint="changed")
def changed_as_reception(appointment_id: UUID) -> ResponseReturnValue:
    """The confirmation of a new time."""
    return _changed(ReceptionSide().get(appointment_id), ReceptionSide(), "reception/changed.html")


@patients.get("/appointments/<uuid:appointment_id>/changed", endpoint="changed")
def changed_as_patient(appointment_id: UUID) -> ResponseReturnValue:
    """The confirmation of a new time."""
    return _changed(PatientSide().get(appointment_id), PatientSide(), "patient/changed.html")


@doctors.get("/appointments/<uuid:appointment_id>/changed", endpoint="changed")
def changed_as_doctor(appointment_id: UUID) -> ResponseReturnValue:
    """The confirmation of a new time."""
    return _changed(DoctorSide().get(appointment_id), DoctorSide(), "doctor/changed.html")


def _change(appointment_id: UUID, side: Side, template: str) -> ResponseReturnValue:
    appointment = side.get(appointment_id)
    slot_id = changing.id_in_address("slot")
    if slot_id is None:
        return _choose(appointment, side, template)
    slot = changing.slot_to_choose(slot_id, appointment=appointment, side=side)
    form = ChangeForm(version=appointment.version, mode=_mode(appointment, slot))
    if form.validate_on_submit():
        new = NewTime(slot_id, int(form.version.data or 0), str(form.idempotency_key.data), form.mode.data)
        try:
            side.move(appointment_id, new)
        except NotFound:
            raise
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(Address(side.area, appointment_id).to("changed"), 303)
    return _confirm(side.get(appointment_id), slot_id, form, side, template)


def _choose(appointment: Appointment, side: Side, template: str) -> ResponseReturnValue:
    refusal = side.why_not(appointment)
    choice = None
    if refusal is None:
        visit, day = words.parse_mode(query_params.word("visit")), slot_picker.parse_day("day")
        choice = changing.choice(appointment, side, doctor_id=changing.id_in_address("doctor"), visit=visit, day=day)
    return render(
        template,
        status=refusal.status if refusal else None,
        step="choose",
        at=Address(side.area, appointment.id),
        appointment=appointment,
        details=presenters.details(appointment),
        keep=changing.short(appointment),
        choice=choice,
        slot_picker=slot_picker,
        refusal=refusal,
    )


def _confirm(
    appointment: Appointment, slot_id: UUID, form: ChangeForm, side: Side, template: str
) -> ResponseReturnValue:
    """Both times side by side; or, where the new one is lost, what is still booked and the nearest that are free."""
    slot = changing.slot_to_choose(slot_id, appointment=appointment, side=side)
    rules = booking_rules.of(slot.doctor_id)
    if slot_id == appointment.slot_id:
        return redirect(Address(side.area, appointment.id).to("changed" if request.method == "POST" else "change"), 303)
    refusal = form.refusal or side.why_not(appointment) or side.why_not_to(slot, rules)
    can_go_on = refusal is None or isinstance(refusal, StalePage | Unavailable | ModeChanged)
    if can_go_on:
        form.show_version(appointment.version)
        form.mode.data = form.mode.data or _mode(appointment, slot)
    return render(
        template,
        status=refusal.status if refusal else None,
        step="confirm" if can_go_on else "lost",
        at=Address(side.area, appointment.id),
        appointment=appointment,
        slot=slot,
        form=form,
        refusal=refusal,
        details=presenters.details(appointment),
        new=presenters.details(slot),
        place=presenters.where(slot.doctor),
        keep=changing.short(appointment),
        take=changing.short(slot),
        times=[] if can_go_on else changing.nearest(slot, appointment=appointment, side=side),
        promise=presenters.promise_for(slot, rules) if side.area == "patient" else "",
    )


def _changed(appointment: Appointment, side: Side, template: str) -> ResponseReturnValue:
    """What is booked now, what was booked before, and what happens next."""
    moves = [change for change in appointment.changes if change.moved_from_at]
    if not moves:
        return redirect(Address(side.area, appointment.id).to("appointment"), 303)
    return render(
        template,
        at=Address(side.area, appointment.id),
        appointment=appointment,
        details=presenters.details(appointment),
        before=moves[-1].moved_from_at,
        reminders=changing.reminders(appointment, hours=current_app.config["REMINDER_HOURS"]),
        cancel_until=appointment_rules.can_cancel_until(appointment),
    )


def _mode(appointment: Appointment, slot: Slot) -> str:
    """The kind of visit that is chosen beforehand: as the address says, else as before, else what is offered."""
    if slot.mode != Mode.BOTH:
        return slot.mode
    return words.parse_mode(query_params.word("visit")) or appointment.mode
