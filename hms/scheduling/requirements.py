"""What has to be so before a booking counts. Each check answers a refusal, or None when nothing is against it.

A capability above adds its own in its ``init_app``. What the patient has to do first on another page is a
:class:`~hms.scheduling.refusals.NotYet`, which leads there; nothing is booked, and nothing is held meanwhile.
"""

from collections.abc import Callable
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Row

from hms.auth.models import PatientKey
from hms.errors import Refusal
from hms.scheduling.refusals import AccountClosed, NotOffering

KEY = "hms.booking_requirements"

Check = Callable[[Row, PatientKey], Refusal | None]
"""Asked within the transaction that books or moves, with the slot and the patient locked. The row has ``doctor_id``,
``starts_at``, ``ends_at`` and ``mode``, and ``appointment_id`` where a booked appointment is to move there; who writes
in a check writes only if that comes about."""


def init_app(app: Flask) -> None:
    """Require what every booking needs."""
    add(app, _account_is_open)
    add(app, _doctor_takes_bookings)


def add(app: Flask, check: Check) -> None:
    """Ask ``check(slot, patient)`` before a booking counts, after those that were added before."""
    app.extensions.setdefault(KEY, []).append(check)


def first_unmet(slot: Row, patient: PatientKey) -> Refusal | None:
    """What the first check says that is against it."""
    checks = cast(list[Check], current_app.extensions[KEY])
    return next((refusal for check in checks if (refusal := check(slot, patient))), None)


def _account_is_open(slot: Row, _patient: PatientKey) -> Refusal | None:
    return AccountClosed() if slot.closed_at is not None else None


def _doctor_takes_bookings(slot: Row, _patient: PatientKey) -> Refusal | None:
    return None if slot.is_bookable else NotOffering()
