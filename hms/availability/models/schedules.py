"""A doctor's offer in general: weekly hours, and what takes times out of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hms.auth.models import Doctor
from hms.availability.models.slots import BETWEEN_YEARS, Mode
from hms.db import Model, new_id

_DAYS = func.daterange(literal_column("valid_from"), literal_column("valid_until"), "[]")
_MINUTES = func.int4range(literal_column("start_minute"), literal_column("end_minute"))


class Schedule(Model):
    """The weekly hours of a doctor from one day to another, both included; without the second, until further notice.

    They are hours on the wall in ``timezone``, or in the clinic's zone when that is empty. A doctor can have several
    schedules, one after the other.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("valid_from BETWEEN '2000-01-01' AND '2099-12-31'", name="valid_from"),
        CheckConstraint("valid_until BETWEEN valid_from AND '2099-12-31'", name="valid_until"),
        ExcludeConstraint(("doctor_id", "="), (_DAYS, "&&"), name="ex_schedules_doctor_overlap", using="gist"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    timezone: Mapped[str | None] = mapped_column(String(64))

    hours: Mapped[list["ScheduleHours"]] = relationship(
        order_by="(ScheduleHours.weekday, ScheduleHours.start_minute)", cascade="all, delete-orphan"
    )


class ScheduleHours(Model):
    """An interval of one weekday (Monday 0) in which visits follow each other, with a gap after each.

    Minutes are counted from midnight on the wall; 1440 is the next midnight. Without ``gap_minutes`` the gap is that of
    the booking rules.
    """

    __tablename__ = "schedule_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="minutes"),
        CheckConstraint("visit_minutes BETWEEN 5 AND 480", name="visit_minutes"),
        CheckConstraint("gap_minutes BETWEEN 0 AND 480", name="gap_minutes"),
        CheckConstraint("mode IN ('in-person', 'online', 'both')", name="mode"),
        ExcludeConstraint(
            ("schedule_id", "="),
            ("weekday", "="),
            (_MINUTES, "&&"),
            name="ex_schedule_hours_overlap",
            using="gist",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey(Schedule.id, ondelete="CASCADE"))
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    visit_minutes: Mapped[int]
    gap_minutes: Mapped[int | None]
    mode: Mapped[str] = mapped_column(String(20), default=Mode.IN_PERSON, server_default="in-person")


class TimeOff(Model):
    """An interval in which a doctor sees nobody, whatever the weekly hours say.

    ``single`` marks one time of the schedule that the doctor has removed, so that it is not made again.
    """

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint(BETWEEN_YEARS, name="finite"),
        Index("ix_time_off_doctor_ends_at", "doctor_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    single: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Closure(Model):
    """Days on which the whole clinic is closed, from the first to the last on its own wall calendar."""

    __tablename__ = "closures"
    __table_args__ = (
        CheckConstraint("first_day BETWEEN '2000-01-01' AND '2099-12-31'", name="first_day"),
        CheckConstraint("last_day BETWEEN first_day AND '2099-12-31'", name="last_day"),
        CheckConstraint("name <> ''", name="name"),
        Index("ix_closures_last_day", "last_day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    first_day: Mapped[date]
    last_day: Mapped[date]
    name: Mapped[str] = mapped_column(String(80))


class BusyTime(Model):
    """An interval in which the doctor is busy elsewhere, as another calendar said; why is never stored."""

    __tablename__ = "busy_times"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint(BETWEEN_YEARS, name="finite"),
        Index("ix_busy_times_doctor_ends_at", "doctor_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class DoctorPlan(Model):
    """How far a doctor's slots have been made from the schedule, and since when they have to be looked at again."""

    __tablename__ = "doctor_plans"
    __table_args__ = (Index("ix_doctor_plans_stale", "stale_since", postgresql_where=text("stale_since IS NOT NULL")),)

    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id), primary_key=True)
    planned_to: Mapped[date | None]  # the last day whose times have been made
    stale_since: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String(300))  # why they end early, or could not be made; said once
