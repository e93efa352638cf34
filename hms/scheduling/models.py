"""Appointments that patients make of slots, and every change of one.

Status values are the codes of FHIR R4 AppointmentStatus letter for letter.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hms.auth.models import Doctor, Patient, User
from hms.availability.models.slots import BETWEEN_YEARS, Mode, Slot, time_range
from hms.db import Model, new_id


class AppointmentStatus(StrEnum):
    """The codes of FHIR R4 AppointmentStatus that are in use."""

    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"


S = AppointmentStatus

ALLOWED_MOVES: dict[str, frozenset[str]] = {
    S.PENDING: frozenset({S.BOOKED, S.CANCELLED}),
    S.BOOKED: frozenset({S.ARRIVED, S.FULFILLED, S.NOSHOW, S.CANCELLED}),
    S.ARRIVED: frozenset({S.FULFILLED, S.CANCELLED, S.BOOKED}),
    S.FULFILLED: frozenset({S.BOOKED, S.ARRIVED}),
    S.NOSHOW: frozenset({S.BOOKED, S.ARRIVED}),
    S.CANCELLED: frozenset(),
}
"""From a status to those it may become. Going back is *undo*; a cancelled appointment stays cancelled."""

ACTIVE = text("status <> 'cancelled'")
"""Every appointment but a cancelled one holds its slot, and its two people's time."""


class Appointment(Model):
    """A patient's claim on a slot. It is never deleted; a cancelled one keeps its row and frees its slot.

    ``version`` counts the changes that people are told of; with the id it names a message once and for all.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint(BETWEEN_YEARS, name="finite"),
        CheckConstraint(
            "status IN ('pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow')", name="status"
        ),
        CheckConstraint("mode IN ('in-person', 'online')", name="mode"),
        # Removing a slot never takes a visit along: the reference of a live one cannot be emptied.
        CheckConstraint("slot_id IS NOT NULL OR status = 'cancelled'", name="slot"),
        CheckConstraint(
            "cancelled_by IS NULL OR (cancelled_by IN ('patient', 'clinic') AND status = 'cancelled')",
            name="cancelled_by",
        ),
        CheckConstraint(
            "(fee_minor IS NULL) = (fee_currency IS NULL) AND fee_minor >= 0 AND fee_currency ~ '^[A-Z]{3}$'",
            name="fee",
        ),
        UniqueConstraint("patient_id", "idempotency_key", name="uq_appointments_idempotency_key"),
        Index("uq_appointments_slot", "slot_id", unique=True, postgresql_where=ACTIVE),
        Index("ix_appointments_starts_at", "starts_at", "id"),  # for the whole clinic's day
        Index("ix_appointments_slot", "slot_id"),  # for the foreign key: removing a slot looks for its cancelled ones
        ExcludeConstraint(
            ("doctor_id", "="),
            (time_range(), "&&"),
            name="ex_appointments_doctor_overlap",
            using="gist",
            where=ACTIVE,
        ),
        ExcludeConstraint(
            ("patient_id", "="),
            (time_range(), "&&"),
            name="ex_appointments_patient_overlap",
            using="gist",
            where=ACTIVE,
        ),
        Index("ix_appointments_patient_starts_at", "patient_id", "starts_at"),
        Index("ix_appointments_doctor_starts_at", "doctor_id", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(8), unique=True)
    slot_id: Mapped[UUID | None] = mapped_column(ForeignKey(Slot.id, ondelete="SET NULL"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey(Patient.id))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20), default=S.BOOKED)
    mode: Mapped[str] = mapped_column(String(20), default=Mode.IN_PERSON, server_default="in-person")
    reason: Mapped[str] = mapped_column(String(500), server_default="")
    cancellation_reason: Mapped[str] = mapped_column(String(500), server_default="")
    idempotency_key: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))  # for what older code writes
    cancelled_by: Mapped[str | None] = mapped_column(String(10))
    fee_minor: Mapped[int | None]  # the doctor's when it was booked, in the smallest unit of fee_currency (ISO 4217)
    fee_currency: Mapped[str | None] = mapped_column(String(3))

    slot: Mapped[Slot | None] = relationship()
    doctor: Mapped[Doctor] = relationship()
    patient: Mapped[Patient] = relationship()
    changes: Mapped[list["AppointmentChange"]] = relationship(
        order_by="(AppointmentChange.changed_at, AppointmentChange.id)"
    )

    def can_become(self, status: str) -> bool:
        """Whether the table of moves allows ``status`` next."""
        return status in ALLOWED_MOVES[self.status]


class RefusedBooking(Model):
    """What a page was told that asked for a slot and did not get it: sent again, it is told the same for two days."""

    __tablename__ = "refused_bookings"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey(Patient.id), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot_id: Mapped[UUID] = mapped_column(primary_key=True)  # the slot may be removed meanwhile
    code: Mapped[str] = mapped_column(String(40))
    message: Mapped[str] = mapped_column(String(500))
    refused_at: Mapped[datetime]


class AppointmentChange(Model):
    """One line of an appointment's history: who changed its status or its time, when and why. Append-only.

    A change of time has both moments, the same status twice, and the key of the page that asked for it.
    """

    __tablename__ = "appointment_changes"
    __table_args__ = (Index("ix_appointment_changes_appointment", "appointment_id", "changed_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey(Appointment.id))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id))  # none: the clinic, from its command line
    from_status: Mapped[str | None] = mapped_column(String(20))
    to_status: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(500), server_default="")
    changed_at: Mapped[datetime]
    moved_from_at: Mapped[datetime | None]
    moved_to_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None] = mapped_column(String(64))

    actor: Mapped[User | None] = relationship()
