"""The rules about booking as they are stored, and what is counted for them."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from hms import clock
from hms.auth import finding
from hms.auth.models import AnyPatient, Doctor, Patient, User
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentStatus, BookingPolicy

TO_COME = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)


class PolicyRow(NamedTuple):
    """A doctor with rules of their own, and those rules; an empty one is as the clinic's."""

    doctor_id: UUID
    full_name: str
    policy: BookingPolicy


def find_policy(doctor_id: UUID | None) -> BookingPolicy | None:
    """The stored rules of this doctor alone, or the clinic's for None, as they stand now."""
    return db.session.scalar(
        select(BookingPolicy)
        .where(BookingPolicy.doctor_id.is_not_distinct_from(doctor_id))
        .execution_options(populate_existing=True)
    )


def list_own_policies() -> list[PolicyRow]:
    """The doctors who have rules of their own, by name."""
    rows = db.session.execute(
        select(Doctor.id, User.full_name, BookingPolicy)
        .join(Doctor, BookingPolicy.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .order_by(finding.sort_key(), Doctor.id)
    )
    return [PolicyRow(*row) for row in rows]


def lock_patient(patient: AnyPatient) -> None:
    """Let this patient's bookings go one at a time until the transaction ends, wherever their number counts."""
    db.session.execute(select(Patient.id).where(Patient.id == patient.id).with_for_update(key_share=True))


def count_coming(patient: AnyPatient, *, doctor_id: UUID) -> tuple[int, int]:
    """How many appointments the patient has to come: in all, and with this doctor."""
    with_doctor = func.count().filter(Appointment.doctor_id == doctor_id)
    row = db.session.execute(
        select(func.count(), with_doctor).where(
            Appointment.patient_id == patient.id,
            Appointment.status.in_(TO_COME),
            Appointment.starts_at > clock.now(),
        )
    ).one()
    return row[0], row[1]
