"""Cancelling: the appointment keeps its row and its history, the slot is free for others in the same transaction."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hms.auth.models import Doctor, Patient
from hms.db import transaction
from hms.errors import Invalid
from hms.scheduling import emails, obstacles, policies, queries, signals
from hms.scheduling.models import Appointment, AppointmentStatus, Slot, SlotStatus
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.services.history import move


def cancel_as_patient(appointment_id: UUID, *, patient: Patient, reason: str = "") -> Appointment:
    """Cancel one's own appointment, until the cancellation window closes.

    Cancelling it again changes nothing. Raises :class:`TooLateToCancel`, :class:`MoveNotAllowed`, ``NotFound``.
    """
    with transaction() as session:
        appointment = queries.lock_appointment(appointment_id, patient=patient)
        if appointment.status == AppointmentStatus.CANCELLED:
            return appointment
        if obstacle := obstacles.to_cancelling(appointment):
            raise obstacle
        _cancel(session, appointment, by="patient", actor_id=patient.user_id, reason=reason)
    return appointment


def cancel_as_doctor(appointment_id: UUID, *, doctor: Doctor, reason: str) -> Appointment:
    """Cancel an appointment of one's own list, with a reason that the patient reads.

    Cancelling it again changes nothing. Raises :class:`MoveNotAllowed`, ``Invalid`` without a reason, ``NotFound``.
    """
    if not reason.strip():
        raise Invalid("Tell the patient why.", field="reason")
    with transaction() as session:
        appointment = queries.lock_appointment(appointment_id, doctor=doctor)
        if appointment.status == AppointmentStatus.CANCELLED:
            return appointment
        if not policies.doctor_can_cancel(appointment):
            raise MoveNotAllowed("This appointment is over, or has been marked already, so it cannot be cancelled.")
        _cancel(session, appointment, by="doctor", actor_id=doctor.user_id, reason=reason)
    return appointment


def _cancel(session: Session, appointment: Appointment, *, by: str, actor_id: UUID, reason: str) -> None:
    move(session, appointment, AppointmentStatus.CANCELLED, actor_id=actor_id, note=reason)
    appointment.cancellation_reason = reason
    appointment.version += 1
    session.execute(update(Slot).where(Slot.id == appointment.slot_id).values(status=SlotStatus.FREE))
    emails.cancelled(
        appointment,
        by=by,
        patient_user_id=appointment.patient.user_id,
        doctor_user_id=appointment.doctor.user_id,
    )
    signals.appointment_cancelled.send(appointment)
