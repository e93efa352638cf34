"""Visits to come as what is offered asks for them (:class:`hms.availability.visits.Provider`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from hms import clock
from hms.auth.models import Doctor
from hms.availability.models import Slot
from hms.availability.visits import ON_A_PAGE, Booked, BookedTime, Visit
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.queries.appointments import LIVE, PEOPLE, note_viewed

Interval = tuple[datetime, datetime]


class Visits:
    """The visits to come, of which one statement each tells."""

    def booked_in(self, interval: Interval, *, doctor: Doctor | None = None) -> Booked:
        """How many visits share time with the interval, of this doctor or of all."""
        ids = cast(Appointment.id, String)
        token = func.md5(func.coalesce(func.string_agg(ids, aggregate_order_by(literal(",", String), ids)), ""))
        return Booked(*db.session.execute(select(func.count(), token).where(*_booked(interval, doctor))).one())

    def list_booked(self, interval: Interval, *, doctor: Doctor | None = None, page: int = 1) -> Sequence[Visit]:
        """These visits in order of time, 50 a page."""
        own = _with_people().where(*_booked(interval, doctor))
        return _read(own.limit(ON_A_PAGE).offset((page - 1) * ON_A_PAGE))

    def to_come(self, doctor_id: UUID) -> Sequence[BookedTime]:
        """All visits of a doctor, in order of time."""
        columns = (Appointment.id, Appointment.starts_at, Appointment.ends_at, Appointment.mode, Slot.origin)
        own = select(*columns).join(Appointment.slot).where(Appointment.doctor_id == doctor_id, *_is_to_come())
        return [BookedTime(*row) for row in db.session.execute(own.order_by(Appointment.starts_at, Appointment.id))]

    def load(self, visit_ids: Sequence[UUID]) -> Sequence[Visit]:
        """These visits in order of time."""
        return _read(_with_people().where(Appointment.id.in_(visit_ids)))

    def on_slot(self, slot_id: UUID) -> Visit | None:
        """The visit that a slot is booked for, past or to come."""
        holds = (Appointment.slot_id == slot_id) & (Appointment.status != AppointmentStatus.CANCELLED)
        return next(iter(_read(_with_people().where(holds))), None)


def _booked(interval: Interval, doctor: Doctor | None) -> list[ColumnElement[bool]]:
    starts_at, ends_at = interval
    within = [*_is_to_come(), Appointment.starts_at < ends_at, Appointment.ends_at > starts_at]
    return within if doctor is None else [*within, Appointment.doctor_id == doctor.id]


def _is_to_come() -> tuple[ColumnElement[bool], ...]:
    return Appointment.status.in_(LIVE), Appointment.starts_at > clock.now()


def _with_people() -> Select[Any]:
    return select(Appointment).options(*PEOPLE).order_by(Appointment.starts_at, Appointment.id)


def _read(statement: Select[Any]) -> list[Visit]:
    return [_visit(appointment) for appointment in note_viewed(list(db.session.scalars(statement)))]


def _visit(appointment: Appointment) -> Visit:
    return Visit(
        id=appointment.id,
        reference=appointment.reference,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        mode=appointment.mode,
        status=appointment.status,
        reason=appointment.reason,
        patient_name=appointment.patient.user.full_name,
        patient_phone=appointment.patient.phone,
        doctor_name=appointment.doctor.user.full_name,
    )
