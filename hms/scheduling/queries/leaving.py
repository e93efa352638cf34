"""The appointments to come of somebody whose account is to be closed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from hms import clock
from hms.auth.models import Doctor, Patient, User
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.queries.appointments import LIVE, PEOPLE


def count_to_come_of(user: User) -> int:
    """How many the person has, as a doctor or as a patient."""
    return db.session.scalar(select(func.count()).select_from(Appointment).where(_to_come_of(user))) or 0


def list_to_come_of(user: User, *, limit: int) -> Sequence[Appointment]:
    """The first of them, who is here already before all others, then by time; with their people."""
    is_here = Appointment.status == AppointmentStatus.ARRIVED
    order = (is_here.desc(), Appointment.starts_at, Appointment.id)
    return db.session.scalars(
        select(Appointment).options(*PEOPLE).where(_to_come_of(user)).order_by(*order).limit(limit)
    ).all()


def ids_to_cancel_of(user: User, *, limit: int) -> Sequence[UUID]:
    """Those whose patient is not here yet, the next ones first."""
    not_here = Appointment.status != AppointmentStatus.ARRIVED
    return db.session.scalars(
        select(Appointment.id).where(_to_come_of(user), not_here).order_by(Appointment.starts_at).limit(limit)
    ).all()


def _to_come_of(user: User) -> ColumnElement[bool]:
    theirs = or_(
        Appointment.doctor_id.in_(select(Doctor.id).where(Doctor.user_id == user.id)),
        Appointment.patient_id.in_(select(Patient.id).where(Patient.user_id == user.id)),
    )
    return theirs & Appointment.status.in_(LIVE) & (Appointment.ends_at > clock.now())
