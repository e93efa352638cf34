"""A doctor's days: every slot, and who has booked it."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from hms import audit
from hms.auth.models import Doctor, Patient, User
from hms.availability.models import Mode, Origin, Slot
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentStatus


class AgendaItem(NamedTuple):
    """One slot of a doctor; what is about the appointment is empty while nobody has booked it.

    ``mode`` is that of the appointment, or what the slot is open to; ``blocked_by`` why patients do not see it.
    """

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    slot_status: str
    appointment_id: UUID | None
    appointment_status: str | None
    reference: str | None
    reason: str | None
    patient_name: str | None
    mode: str = Mode.IN_PERSON
    blocked_by: str | None = None
    origin: str = Origin.HAND
    born_on: date | None = None
    phone: str | None = None


def agenda(doctor: Doctor, *, starts_at: datetime, ends_at: datetime) -> list[AgendaItem]:
    """What the doctor offers and has booked in ``[starts_at, ends_at)``, in order of time, by one statement."""
    holds = (Appointment.slot_id == Slot.id) & (Appointment.status != AppointmentStatus.CANCELLED)
    rows = db.session.execute(
        select(
            Slot.id,
            Slot.starts_at,
            Slot.ends_at,
            Slot.status,
            Appointment.id,
            Appointment.status,
            Appointment.reference,
            Appointment.reason,
            User.full_name,
            func.coalesce(Appointment.mode, Slot.mode),
            Slot.blocked_by,
            Slot.origin,
            Patient.date_of_birth,
            Patient.phone,
            Appointment.patient_id,
        )
        .outerjoin(Appointment, holds)
        .outerjoin(Patient, Appointment.patient_id == Patient.id)
        .outerjoin(User, Patient.user_id == User.id)
        .where(Slot.doctor_id == doctor.id, Slot.starts_at >= starts_at, Slot.starts_at < ends_at)
        .order_by(Slot.starts_at)
    )
    return [_item(*row) for row in rows]


def _item(*columns: Any) -> AgendaItem:
    """An item of the agenda; the log says that its patient was looked at."""
    *shown, patient_id = columns
    item = AgendaItem(*shown)
    if item.appointment_id:
        audit.viewed(patient_id, ("appointment", item.appointment_id))
    return item
