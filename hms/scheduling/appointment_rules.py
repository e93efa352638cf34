"""The rules about appointments: what can be done as things stand, and why something cannot.

A page says it before anybody tries, a service once it has locked.
"""

from datetime import datetime

from flask import current_app
from sqlalchemy import Row

from hms import clock, labels, mailer
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules, counted
from hms.availability.models import Mode, Slot, SlotStatus
from hms.errors import Refusal
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.queries import Standing
from hms.scheduling.refusals import (
    BeyondHorizon,
    ChangedOften,
    ModeChanged,
    MoveNotAllowed,
    NoLongerOffered,
    SlotPast,
    SlotTaken,
    TooLateToCancel,
    TooLateToChange,
    TooManyBookings,
    TooOften,
    TooSoon,
)
from hms.web import formats

MAX_UNVERIFIED = 1
"""How many appointments to come somebody can have whose email address nobody has proved."""


NO_LIMITS: dict[str, int | None] = {"coming": None, "with_doctor": None, "lately": None}
"""Any number of appointments: for whom the clinic books."""


def why_not_book(slot: Slot | Row, rules: BookingRules) -> Refusal | None:
    """Why this time cannot be booked by anybody; None when it can."""
    if slot.starts_at <= clock.now():
        return SlotPast()
    if slot.status == SlotStatus.BUSY_UNAVAILABLE:
        return NoLongerOffered()
    if slot.status != SlotStatus.FREE:
        return SlotTaken()
    if slot.starts_at < rules.bookable_from:
        return TooSoon(f"You can only book online until {rules.notice_words} before an appointment. Call us instead.")
    if slot.starts_at >= rules.bookable_until:
        first = rules.opens_on(clock.to_clinic(slot.starts_at).date())
        return BeyondHorizon(
            f"You can book up to {rules.horizon_words} ahead. This slot opens on {formats.day(first)}."
        )
    return None


def limits(rules: BookingRules, *, is_verified: bool) -> dict[str, int | None]:
    """How many appointments a patient may have to come at most, with this doctor, and book within an hour (all before
    this one); None is any number.
    """
    most = [number for number in (rules.most_future_bookings, None if is_verified else MAX_UNVERIFIED) if number]
    return {
        "coming": min(most, default=None),
        "with_doctor": rules.most_with_doctor,
        "lately": current_app.config["CHANGES_PER_HOUR"] or None,
    }


def why_not_book_another(rules: BookingRules, standing: Standing) -> Refusal | None:
    """Why a patient who stands so cannot book one more."""
    coming, with_doctor = standing.coming, standing.with_doctor
    if not standing.is_verified and coming >= MAX_UNVERIFIED:
        way = "Confirm it, or call us" if mailer.is_on() else "Call us"
        return TooManyBookings(
            f"Until your email address is confirmed, you can only have one upcoming appointment. {way} to book another."
        )
    if rules.most_future_bookings is not None and coming >= rules.most_future_bookings:
        return TooManyBookings(
            f"You have {counted(coming, 'upcoming appointment')}. You can’t book more than {rules.most_future_bookings}"
            " online. Cancel one you don’t need, or call us."
        )
    if rules.most_with_doctor is not None and with_doctor >= rules.most_with_doctor:
        return TooManyBookings(
            f"You have {counted(with_doctor, 'upcoming appointment')} with this doctor. You can’t book more than"
            f" {rules.most_with_doctor} online. Cancel one you don’t need, or call us."
        )
    return _too_often("booked", standing.lately)


def _too_often(done: str, number: int) -> Refusal | None:
    most = current_app.config["CHANGES_PER_HOUR"]
    if not most or number < most:
        return None
    return TooOften(
        f"You have {done} {counted(number, 'appointment')} in the last hour. Try again in an hour, or call us."
    )


def why_not_that_way(slot: Slot | Row, mode: str | None) -> Refusal | None:
    """Why the visit cannot take place as the patient read that it would; None when it can, or when nothing was said."""
    if mode is None or slot.mode in (mode, Mode.BOTH):
        return None
    return ModeChanged(
        f"This appointment is now {labels.within(labels.MODES[slot.mode])}. Check the details before you book."
    )


def why_not_cancel_another(cancelled_lately: int) -> Refusal | None:
    """Why a patient who has cancelled so many appointments within an hour cannot cancel one more yet."""
    return _too_often("cancelled", cancelled_lately)


def why_not_cancel(appointment: Appointment) -> Refusal | None:
    """Why the patient cannot cancel this appointment online; None when they can."""
    if appointment.status != AppointmentStatus.BOOKED:
        return MoveNotAllowed("This appointment has already been marked, so you can’t cancel it.")
    if patient_can_cancel(appointment):
        return None
    window = booking_rules.of(appointment.doctor_id).cancellation_words
    return TooLateToCancel(
        f"This appointment is less than {window} away, so you can’t cancel it online. Call us and we’ll help."
    )


def why_not_take(slot: Slot | Row) -> Refusal | None:
    """Why staff cannot give this time to a patient, whom no notice and no horizon binds; None when they can."""
    if slot.starts_at <= clock.now():
        return SlotPast()
    if slot.status == SlotStatus.BUSY_UNAVAILABLE:
        return NoLongerOffered()
    return None if slot.status == SlotStatus.FREE else SlotTaken()


def why_not_join(rules: BookingRules, number: int) -> Refusal | None:
    """Why a patient with so many appointments to come with a doctor cannot have one more there."""
    if rules.most_with_doctor is None or number < rules.most_with_doctor:
        return None
    return TooManyBookings(
        f"You have {counted(number, 'appointment')} to come with this doctor, and no more than {rules.most_with_doctor}"
        " can be booked online. Choose another doctor, or call us."
    )


def why_not_change_another(changed_lately: int) -> Refusal | None:
    """Why a patient who has changed so many times within an hour cannot change one more yet."""
    return _too_often("changed", changed_lately)


def why_not_change(appointment: Appointment, *, changes: int) -> Refusal | None:
    """Why the patient, who has changed its time so often, cannot choose another one online; None when they can."""
    if appointment.status != AppointmentStatus.BOOKED:
        return MoveNotAllowed("This appointment has already been marked, so you can’t change its time.")
    rules = booking_rules.of(appointment.doctor_id)
    if clock.now() >= change_until(appointment):
        return TooLateToChange(
            f"This appointment is less than {rules.change_words} away, so you can’t change its time online."
            " Call us and we’ll help."
            if rules.change_window
            else "This appointment has started, so you can’t change its time online."
        )
    if rules.most_changes is not None and changes >= rules.most_changes:
        done = f"You have changed this time {_times(changes)} already" if changes else "Times can’t be changed online"
        return ChangedOften(f"{done}. Call us and we’ll help.")
    return None


def why_not_move(appointment: Appointment) -> Refusal | None:
    """Why staff cannot give the patient another time; None while the visit is to come, or goes on unmarked."""
    if appointment.status == AppointmentStatus.BOOKED and clock.now() < appointment.ends_at:
        return None
    return MoveNotAllowed("This appointment is over or has already been marked, so you can’t change its time.")


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


# -- what can be done with an appointment now ----------------------------------------------------------------------


def cancel_until(appointment: Appointment) -> datetime:
    """The moment from which the patient has to call instead of cancelling online."""
    return appointment.starts_at - booking_rules.of(appointment.doctor_id).cancellation_window


def can_cancel_until(appointment: Appointment) -> datetime | None:
    """Until when the patient may cancel this appointment by themselves; None where they may not, or no longer."""
    if appointment.status != AppointmentStatus.BOOKED:
        return None
    until = cancel_until(appointment)
    return until if clock.now() < until else None


def change_until(appointment: Appointment) -> datetime:
    """The moment from which the patient has to call instead of changing the time online."""
    return appointment.starts_at - booking_rules.of(appointment.doctor_id).change_window


def patient_can_change(appointment: Appointment, *, changes: int) -> bool:
    """Whether the patient, who has changed its time so often, may choose another one by themselves at this moment."""
    return why_not_change(appointment, changes=changes) is None


def patient_can_cancel(appointment: Appointment) -> bool:
    """Whether the patient may cancel this appointment by themselves at this moment."""
    return can_cancel_until(appointment) is not None


def doctor_can_cancel(appointment: Appointment) -> bool:
    """Whether the doctor may still cancel: until the visit is over or has been marked."""
    return appointment.can_become(AppointmentStatus.CANCELLED) and clock.now() < appointment.ends_at


def has_started(appointment: Appointment) -> bool:
    """Whether the visit's time has come."""
    return appointment.starts_at <= clock.now()


def is_for_today_or_past(appointment: Appointment) -> bool:
    """Whether the visit's day, on the clinic's wall, has come."""
    return clock.to_clinic(appointment.starts_at).date() <= clock.today()
