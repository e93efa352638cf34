"""Cancelling: the appointment keeps its row and its history, and in the same transaction its slot is free for others,
unless the doctor's hours, time off or a closure offer nothing then by now."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hms import clock
from hms.auth.models import AnyPatient, Doctor
from hms.availability.models import Slot, SlotStatus
from hms.availability.services.planning import days_of, reconcile
from hms.db import Busy, transaction
from hms.errors import Invalid
from hms.scheduling import appointment_rules, emails, queries, signals
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.services.history import move


def cancel_as_patient(appointment_id: UUID, *, patient: AnyPatient, reason: str = "") -> Appointment:
    """Cancel one's own appointment, until the cancellation window closes.

    Cancelling it again changes nothing. Raises :class:`TooLateToCancel`, :class:`MoveNotAllowed`, :class:`TooOften`,
    ``NotFound``.
    """
    with transaction() as session:
        queries.lock_account(patient.user_id)
        doctor_id = queries.lock_doctor_of(appointment_id)
        appointment = queries.lock_appointment(appointment_id, patient=patient)
        _is_still_with(doctor_id, appointment)
        if appointment.status == AppointmentStatus.CANCELLED:
            return appointment
        lately = queries.count_cancelled_lately(patient)
        if refusal := appointment_rules.why_not_cancel(appointment) or appointment_rules.why_not_cancel_another(lately):
            raise refusal
        _cancel(session, appointment, by="patient", actor_id=patient.user_id, reason=reason)
    return appointment


def cancel_as_doctor(appointment_id: UUID, *, doctor: Doctor, reason: str) -> Appointment:
    """Cancel an appointment of one's own list, with a reason that the patient reads.

    Cancelling it again changes nothing. Raises :class:`MoveNotAllowed`, ``Invalid`` without a reason, ``NotFound``.
    """
    if not reason.strip():
        raise Invalid("Enter a reason for the patient.", field="reason")
    with transaction() as session:
        queries.lock_doctor_of(appointment_id)
        appointment = queries.lock_appointment(appointment_id, doctor=doctor)
        if appointment.status == AppointmentStatus.CANCELLED:
            return appointment
        if not appointment_rules.doctor_can_cancel(appointment):
            raise MoveNotAllowed("This appointment is over or has already been marked, so you can’t cancel it.")
        _cancel(session, appointment, by="doctor", actor_id=doctor.user_id, reason=reason)
    return appointment


def cancel_as_clinic(appointment_id: UUID, *, reason: str, actor_id: UUID | None = None) -> Appointment:
    """Cancel an appointment for the clinic, whenever it is, with a reason that the patient reads.

    ``actor_id`` is the account of the member of staff who does it; none from the command line. Cancelling it again
    changes nothing. Raises :class:`MoveNotAllowed`, ``Invalid`` without a reason, ``NotFound``.
    """
    if not reason.strip():
        raise Invalid("Enter a reason for the patient.", field="reason")
    with transaction() as session:
        doctor_id = queries.lock_doctor_of(appointment_id)
        appointment = queries.lock_any_appointment(appointment_id)
        _is_still_with(doctor_id, appointment)
        if appointment.status != AppointmentStatus.CANCELLED:
            _cancel(session, appointment, by="clinic", actor_id=actor_id, reason=reason)
    return appointment


def _is_still_with(doctor_id: UUID | None, appointment: Appointment) -> None:
    """What is freed is the locked doctor's; an appointment that went to another doctor meanwhile is looked at anew."""
    if appointment.doctor_id != doctor_id:
        raise Busy


def _cancel(session: Session, appointment: Appointment, *, by: str, actor_id: UUID | None, reason: str) -> None:
    move(session, appointment, AppointmentStatus.CANCELLED, actor_id=actor_id, note=reason)
    appointment.cancellation_reason = reason
    appointment.cancelled_by = "patient" if by == "patient" else "clinic"
    appointment.version += 1
    session.execute(update(Slot).where(Slot.id == appointment.slot_id).values(status=SlotStatus.FREE))
    if appointment.starts_at > clock.now():
        days = days_of(appointment.starts_at, appointment.ends_at)
        if reconcile(session, appointment.doctor_id, only=days).removed:
            session.refresh(appointment, ["slot_id"])
    emails.cancelled(
        appointment,
        by=by,
        patient_user_id=appointment.patient.user_id,
        doctor_user_id=appointment.doctor.user_id,
    )
    signals.appointment_cancelled.send(appointment)
