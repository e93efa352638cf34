"""Appointments made ready for the patient's pages: words and addresses, nothing read and nothing decided."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from flask import current_app, url_for

from hms import clock, labels
from hms.auth.models import AnyPatient, Doctor
from hms.availability.booking_rules import BookingRules
from hms.availability.models import Mode, Slot
from hms.scheduling import appointment_rules
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus
from hms.web import formats

S = AppointmentStatus

WORDS = {
    S.PENDING: ("Asked for", "hourglass"),
    S.BOOKED: ("Booked", "calendar-check"),
    S.ARRIVED: ("Arrived at the hospital", "user-check"),
    S.FULFILLED: ("Visit completed", "check-check"),
    S.CANCELLED: ("Cancelled", "calendar-x"),
    S.NOSHOW: ("Marked as did not attend", "user-x"),
}
GONE_BACK = {S.BOOKED: "Set back to confirmed", S.ARRIVED: "Set back to arrived"}


class HasRoom(Protocol):
    """A doctor, or some facts about one."""

    @property
    def room(self) -> str:
        """Where in the hospital."""


class HasFee(Protocol):
    """A doctor, or some facts about one."""

    @property
    def fee_minor(self) -> int | None:
        """In the smallest unit of the currency."""

    @property
    def fee_currency(self) -> str:
        """ISO 4217."""


class Visit(NamedTuple):
    """An appointment in a list of the patient's."""

    appointment: Appointment
    time: str
    name: str
    detail: str
    short_day: str
    full_day: str
    iso: str
    near: str
    href: str
    cancel_href: str | None
    change_href: str | None


class Details(NamedTuple):
    """A time with a doctor, as the summary list of a page shows it."""

    interval: str
    length: str
    name: str
    specialty: str
    kind: str
    where: str
    fee: str
    zone_name: str


class Event(NamedTuple):
    """One line of an appointment's history."""

    text: str
    when: str
    iso: str
    who: str
    reason: str
    icon: str


def visit(appointment: Appointment) -> Visit:
    """An appointment as the patient's lists show it."""
    doctor = appointment.doctor
    can_cancel = appointment_rules.patient_can_cancel(appointment)
    can_change = appointment_rules.patient_can_change(appointment, changes=0)
    return Visit(
        appointment=appointment,
        time=formats.time(appointment.starts_at),
        name=doctor.user.full_name,
        detail=f"{doctor.specialty.name}, {length(appointment)}. {place(appointment)}.",
        short_day=formats.short_day(appointment.starts_at),
        full_day=formats.day(appointment.starts_at),
        iso=formats.isodate(appointment.starts_at),
        near=_near(appointment),
        href=url_for("patient.appointment", appointment_id=appointment.id),
        cancel_href=url_for("patient.cancel", appointment_id=appointment.id) if can_cancel else None,
        change_href=url_for("patient.change", appointment_id=appointment.id) if can_change else None,
    )


def details(visit: Appointment | Slot) -> Details:
    """When, who with, where, and for how much."""
    doctor = visit.doctor
    return Details(
        interval=interval(visit),
        length=length(visit),
        name=doctor.user.full_name,
        specialty=doctor.specialty.name,
        kind=labels.MODES[visit.mode],
        where=place(visit),
        fee=fee(doctor),
        zone_name=formats.zone_name(visit.starts_at),
    )


def place(visit: Appointment | Slot) -> str:
    """Where the patient goes: ``Heart Centre, level 2, Northgate Hospital``, or ``Online``."""
    return labels.place(visit.mode, room=visit.doctor.room, clinic=current_app.config["CLINIC_NAME"])


def where(doctor: HasRoom) -> str:
    """``Heart Centre, level 2, Northgate Hospital``."""
    return labels.place(Mode.IN_PERSON, room=doctor.room, clinic=current_app.config["CLINIC_NAME"])


def length(visit: Appointment | Slot) -> str:
    """``20 minutes``."""
    return f"{(visit.ends_at - visit.starts_at) // timedelta(minutes=1)} minutes"


def is_over(visit: Appointment) -> bool:
    """Whether its end has come."""
    return visit.ends_at <= clock.now()


def interval(visit: Appointment | Slot) -> str:
    """``Thursday 26 November 2026, 09:40 to 10:00``."""
    return f"{formats.moment(visit.starts_at)} to {formats.time(visit.ends_at)}"


def promise(rules: BookingRules) -> str:
    """Until when anybody can cancel online."""
    if not rules.cancellation_window:
        return "You can cancel online until your appointment starts."
    return f"You can cancel online until {rules.cancellation_words} before."


def usual_promise(rules: BookingRules) -> str:
    """The same of the clinic's rules, from which a doctor's own may differ."""
    return promise(rules).replace("You can", "You can usually", 1)


def promise_for(slot: Slot, rules: BookingRules) -> str:
    """Until when this time could be cancelled online; nothing when it is too late for that already."""
    last = slot.starts_at - rules.cancellation_window
    return f"You can cancel online until {formats.moment(last)}." if clock.now() < last else ""


def history(appointment: Appointment, *, reader: AnyPatient) -> list[Event]:
    """What happened to the appointment, oldest first, in plain words."""
    return [_event(change, reader) for change in appointment.changes]


def history_in_full(appointment: Appointment) -> list[Event]:
    """The same for staff, who read everybody's name."""
    return [_event(change, None) for change in appointment.changes]


def changes_of(appointment: Appointment, *, by: UUID) -> int:
    """How often this person has changed its time, as its history says."""
    return sum(change.moved_to_at is not None and change.actor_id == by for change in appointment.changes)


def cancelled_by(appointment: Appointment, *, reader: AnyPatient) -> str:
    """Who cancelled: ``you``, or a name; nothing for an appointment that stands."""
    cancels = (change for change in appointment.changes if change.to_status == S.CANCELLED)
    return next((_who(change, reader) for change in cancels), "")


def doctors_seen(appointments: list[Appointment], *, count: int = 3) -> list[Doctor]:
    """The doctors of these visits who can be booked again, each once, at most ``count``."""
    seen = {a.doctor_id: a.doctor for a in appointments if a.status == S.FULFILLED and a.doctor.is_bookable}
    return list(seen.values())[:count]


def fee(doctor: HasFee) -> str:
    """``£85``; nothing when the doctor names no fee."""
    return "" if doctor.fee_minor is None else formats.money(doctor.fee_minor, doctor.fee_currency)


def photo_address(doctor_id: object, version: str | None) -> str | None:
    """Where the doctor's picture is; none without one."""
    return url_for("directory.photo", doctor_id=doctor_id, v=version) if version else None


def _near(appointment: Appointment) -> str:
    away = (clock.to_clinic(appointment.starts_at).date() - clock.today()).days
    return {0: "Today", 1: "Tomorrow"}.get(away, "")


def _event(change: AppointmentChange, reader: AnyPatient | None) -> Event:
    text, icon = WORDS[AppointmentStatus(change.to_status)]
    if change.moved_from_at and change.moved_to_at:
        text, icon = moved_text(change.moved_from_at, change.moved_to_at), "calendar-sync"
    elif _goes_back(change):
        text, icon = GONE_BACK.get(AppointmentStatus(change.to_status), text), "undo-2"
    return Event(
        text=text,
        when=formats.moment(change.changed_at),
        iso=change.changed_at.isoformat(),
        who=_who(change, reader),
        reason=change.note,
        icon=icon,
    )


def moved_text(from_at: datetime, to_at: datetime) -> str:
    """``Moved from Thu 26 Nov, 09:40 to Mon 30 Nov, 13:30``."""
    from_text, to_text = (f"{formats.short_day(each)}, {formats.time(each)}" for each in (from_at, to_at))
    return f"Moved from {from_text} to {to_text}"


def _goes_back(change: AppointmentChange) -> bool:
    to_booked = change.to_status == S.BOOKED and change.from_status not in (None, S.PENDING)
    return to_booked or (change.to_status == S.ARRIVED and change.from_status in (S.FULFILLED, S.NOSHOW))


def _who(change: AppointmentChange, reader: AnyPatient | None) -> str:
    if change.actor is None:
        return "the clinic"
    return "you" if reader and change.actor_id == reader.user_id else change.actor.full_name
