"""The rules about booking as they are stored, and what is counted for them."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select

from hms import clock
from hms.auth import finding
from hms.auth.models import AnyPatient, Doctor, Patient, User
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus, BookingPolicy

TO_COME = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
HOUR = timedelta(hours=1)


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


class Standing(NamedTuple):
    """What a patient's limits are compared with: the appointments to come, those of them with one doctor, those booked
    within the last hour (cancelled ones too), and whether the email address is proved.
    """

    coming: int
    with_doctor: int
    lately: int
    is_verified: bool


def standing(patient_id: Any, *, doctor_id: Any, now: Any) -> Select:
    """The three numbers of a :class:`Standing`, for statements that bring them along; values, or their columns."""
    is_live = or_(*(Appointment.status == status for status in TO_COME))
    to_come = is_live & (Appointment.starts_at > now)
    return select(
        func.count().filter(to_come).label("coming"),
        func.count().filter(to_come, Appointment.doctor_id == doctor_id).label("with_doctor"),
        func.count().filter(Appointment.created_at > now - HOUR).label("lately"),
    ).where(Appointment.patient_id == patient_id)


def lock_patient(patient: AnyPatient) -> None:
    """Let this patient's bookings go one at a time until the transaction ends."""
    db.session.execute(select(Patient.id).where(Patient.id == patient.id).with_for_update(key_share=True))


def lock_account(user_id: UUID) -> None:
    """Let this person's cancellations go one at a time until the transaction ends; it is the first thing locked."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def count_cancelled_lately(patient: AnyPatient) -> int:
    """How many appointments the patient has cancelled within the last hour."""
    own = Appointment.patient_id == patient.id, Appointment.status == AppointmentStatus.CANCELLED
    line = exists().where(
        AppointmentChange.appointment_id == Appointment.id,
        AppointmentChange.actor_id == patient.user_id,
        AppointmentChange.to_status == AppointmentStatus.CANCELLED,
        AppointmentChange.changed_at > clock.now() - HOUR,
    )
    return db.session.scalar(select(func.count()).select_from(Appointment).where(*own, line)) or 0
