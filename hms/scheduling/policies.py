"""The clinic's rules about when something may still be done."""

from datetime import datetime, timedelta

from flask import current_app

from hms import clock
from hms.scheduling.models import Appointment, AppointmentStatus


def minimum_notice() -> timedelta:
    """How long before its start a time can be booked at the latest."""
    return timedelta(minutes=current_app.config["MINIMUM_NOTICE_MINUTES"])


def notice_words() -> str:
    """The minimum notice as people say it: ``1 hour``, ``90 minutes``."""
    return _words(minimum_notice())


def cancellation_words() -> str:
    """The cancellation window as people say it: ``24 hours``."""
    return _words(cancellation_window())


def _words(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 and minutes else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def cancellation_window() -> timedelta:
    """How long before its start patients can no longer cancel by themselves."""
    return timedelta(hours=current_app.config["CANCEL_WINDOW_HOURS"])


def bookable_from() -> datetime:
    """The first start that can be booked at this moment."""
    return clock.now() + minimum_notice()


def cancel_until(appointment: Appointment) -> datetime:
    """The moment from which the patient has to call instead of cancelling online."""
    return appointment.starts_at - cancellation_window()


def patient_can_cancel(appointment: Appointment) -> bool:
    """Whether the patient may cancel this appointment by themselves at this moment."""
    return appointment.status == AppointmentStatus.BOOKED and clock.now() < cancel_until(appointment)


def doctor_can_cancel(appointment: Appointment) -> bool:
    """Whether the doctor may still cancel: until the visit is over or has been marked."""
    return appointment.can_become(AppointmentStatus.CANCELLED) and clock.now() < appointment.ends_at


def has_started(appointment: Appointment) -> bool:
    """Whether the visit's time has come."""
    return appointment.starts_at <= clock.now()


def is_for_today_or_past(appointment: Appointment) -> bool:
    """Whether the visit's day, on the clinic's wall, has come."""
    return clock.to_clinic(appointment.starts_at).date() <= clock.today()
