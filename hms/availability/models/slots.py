"""Slots: the times that doctors offer.

Status values are the codes of FHIR R4 SlotStatus letter for letter.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hms.auth.models import Doctor
from hms.db import Model, new_id


class SlotStatus(StrEnum):
    """FHIR R4 SlotStatus."""

    FREE = "free"
    BUSY = "busy"
    BUSY_TENTATIVE = "busy-tentative"
    BUSY_UNAVAILABLE = "busy-unavailable"


class Mode(StrEnum):
    """How a visit can take place. A slot may be open to both; an appointment is one of the two."""

    IN_PERSON = "in-person"
    ONLINE = "online"
    BOTH = "both"


class Origin(StrEnum):
    """Who made a slot: the doctor by hand, or the schedule. Only the latter come and go with the schedule."""

    HAND = "hand"
    SCHEDULE = "schedule"


class BlockedBy(StrEnum):
    """Why a slot that nobody has booked is kept from patients. Only the doctor's own word outlives its cause."""

    DOCTOR = "doctor"
    TIME_OFF = "time-off"
    CLOSURE = "closure"
    CALENDAR = "calendar"


BETWEEN_YEARS = (
    "isfinite(starts_at) AND isfinite(ends_at) AND starts_at >= '2000-01-01+00' AND ends_at < '2101-01-01+00'"
)
"""What every table with ``starts_at`` and ``ends_at`` checks of the two."""


def time_range() -> ColumnElement[object]:
    """The half-open interval of a row, for its exclusion constraint."""
    return func.tstzrange(literal_column("starts_at"), literal_column("ends_at"))


class Slot(Model):
    """One interval ``[starts_at, ends_at)`` that a doctor offers."""

    __tablename__ = "slots"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at AND ends_at <= starts_at + interval '24 hours'", name="ends_after_start"),
        CheckConstraint(BETWEEN_YEARS, name="finite"),
        CheckConstraint("status IN ('free', 'busy', 'busy-tentative', 'busy-unavailable')", name="status"),
        CheckConstraint("mode IN ('in-person', 'online', 'both')", name="mode"),
        CheckConstraint("origin IN ('hand', 'schedule')", name="origin"),
        CheckConstraint("blocked_by IN ('doctor', 'time-off', 'closure', 'calendar')", name="blocked_by"),
        # A time is kept from patients for a reason, and for no reason when it is not.
        CheckConstraint("(blocked_by IS NOT NULL) = (status = 'busy-unavailable')", name="blocked"),
        ExcludeConstraint(("doctor_id", "="), (time_range(), "&&"), name="ex_slots_doctor_overlap", using="gist"),
        # Past times that nobody booked stay free; in here they would outnumber what can be booked a hundred times.
        Index("ix_slots_free", "doctor_id", "starts_at", postgresql_where=text("status = 'free' AND NOT lapsed")),
        # Few times are for visits online, and a doctor's page asks for the soonest of them besides the soonest of all.
        Index(
            "ix_slots_free_online",
            "doctor_id",
            "starts_at",
            postgresql_where=text("status = 'free' AND NOT lapsed AND mode <> 'in-person'"),
        ),
        Index("ix_slots_doctor_starts_at", "doctor_id", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20), default=SlotStatus.FREE, server_default="free")
    mode: Mapped[str] = mapped_column(String(20), default=Mode.IN_PERSON, server_default="in-person")
    origin: Mapped[str] = mapped_column(String(20), default=Origin.HAND, server_default="hand")
    blocked_by: Mapped[str | None] = mapped_column(String(20))
    expired: Mapped[bool] = mapped_column("lapsed", default=False, server_default="false")
    """Whether nobody had booked it a day after it ended. For indexes alone: what is past, ``starts_at`` says."""

    doctor: Mapped[Doctor] = relationship()
