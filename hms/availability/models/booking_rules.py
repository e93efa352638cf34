"""The clinic's rules about booking, and where a doctor differs from them."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hms.auth.models import Doctor
from hms.db import Model, new_id


class StoredRules(Model):
    """The clinic's rules (one row, without a doctor), or a doctor's own, in which an empty one is as the clinic's.

    In the clinic's row only ``most_future_bookings`` and ``most_changes`` may be empty: any number. The clinic's
    number of bookings counts all of a patient's appointments to come; a doctor's own counts those with that doctor,
    besides.
    """

    __tablename__ = "booking_policies"
    __table_args__ = (
        CheckConstraint("minimum_notice_minutes BETWEEN 0 AND 43200", name="minimum_notice_minutes"),
        CheckConstraint("horizon_days BETWEEN 1 AND 730", name="horizon_days"),
        CheckConstraint("cancellation_hours BETWEEN 0 AND 720", name="cancellation_hours"),
        CheckConstraint("change_window_minutes BETWEEN 0 AND 43200", name="change_window_minutes"),
        CheckConstraint("most_changes BETWEEN 0 AND 100", name="most_changes"),
        CheckConstraint("most_future_bookings BETWEEN 1 AND 1000", name="most_future_bookings"),
        CheckConstraint("gap_minutes BETWEEN 0 AND 480", name="gap_minutes"),
        # With these no one could ever book, or ever cancel online; what the clinic's row and a doctor's contradict
        # together, the services see.
        CheckConstraint("minimum_notice_minutes <= horizon_days * 1440", name="notice_within_horizon"),
        CheckConstraint("cancellation_hours <= horizon_days * 24", name="cancellation_within_horizon"),
        CheckConstraint("change_window_minutes <= horizon_days * 1440", name="change_within_horizon"),
        CheckConstraint(
            "doctor_id IS NOT NULL"
            " OR num_nulls(minimum_notice_minutes, horizon_days, cancellation_hours, gap_minutes,"
            " change_window_minutes) = 0",
            name="clinic",
        ),
        Index("uq_booking_policies_clinic", text("(true)"), unique=True, postgresql_where=text("doctor_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID | None] = mapped_column(ForeignKey(Doctor.id), unique=True)
    minimum_notice_minutes: Mapped[int | None]
    horizon_days: Mapped[int | None]
    cancellation_hours: Mapped[int | None]
    change_window_minutes: Mapped[int | None]
    most_changes: Mapped[int | None]
    most_future_bookings: Mapped[int | None]
    gap_minutes: Mapped[int | None]
