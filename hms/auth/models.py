"""Accounts, and the people behind them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from flask_login import UserMixin
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    literal_column,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hms.db import Model, new_id


class Role(StrEnum):
    """What an account may do. It never comes from a posted field."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    RECEPTIONIST = "receptionist"
    ADMIN = "admin"


AREAS: dict[str, str] = {
    Role.PATIENT: "patient",
    Role.DOCTOR: "doctor",
    Role.RECEPTIONIST: "staff",
    Role.ADMIN: "staff",
}
"""The area in which each role is at home."""


def trigrams(name: str, what: Any, called: str) -> Index:
    """An index for parts of words; such columns are written seldom and read often."""
    ops = {called: "gin_trgm_ops"}
    return Index(name, what, postgresql_using="gin", postgresql_ops=ops, postgresql_with={"fastupdate": "off"})


class User(UserMixin, Model):
    """An account: who signs in. The person's own facts stand in :class:`Patient` or :class:`Doctor`."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('patient', 'doctor', 'receptionist', 'admin')", name="role"),
        CheckConstraint("length(btrim(full_name)) > 0", name="full_name"),
        Index("uq_users_email", text("lower(email)"), unique=True),
        trigrams("ix_users_name", literal_column("lower(full_name)").label("lower_full_name"), "lower_full_name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254))
    full_name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    email_verified_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]
    factor_due_at: Mapped[datetime | None]  # from then on staff without a second factor do nothing else

    patient: Mapped["Patient | None"] = relationship(back_populates="user")
    doctor: Mapped["Doctor | None"] = relationship(back_populates="user")

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in (Flask-Login asks)."""
        return self.deactivated_at is None


class Patient(Model):
    """A person who is seen."""

    __tablename__ = "patients"
    __table_args__ = (
        trigrams("ix_patients_phone", "phone", "phone"),
        Index("ix_patients_date_of_birth", "date_of_birth"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), unique=True)
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    date_of_birth: Mapped[date | None] = mapped_column(
        CheckConstraint("date_of_birth BETWEEN '1900-01-01' AND '2099-12-31'", name="date_of_birth")
    )
    address: Mapped[str] = mapped_column(String(500), default="", server_default="")
    emergency_contact_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    emergency_contact_phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    wants_reminders: Mapped[bool] = mapped_column(default=True, server_default=true())

    user: Mapped[User] = relationship(back_populates="patient")


class PatientKey(NamedTuple):
    """Which patient: all that most of the house needs to know of one."""

    id: UUID
    user_id: UUID


AnyPatient = Patient | PatientKey
"""A patient as somebody else reads one, or as they are signed in."""


class Specialty(Model):
    """A field of medicine, as patients look for it."""

    __tablename__ = "specialties"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    also_called: Mapped[str] = mapped_column(String(500), default="", server_default="")  # everyday words, with commas


class Doctor(Model):
    """A person who sees patients. Patients find a doctor only once ``approved_at`` is set."""

    __tablename__ = "doctors"
    __table_args__ = (
        CheckConstraint("visit_minutes BETWEEN 5 AND 480", name="visit_minutes"),
        CheckConstraint("years_of_experience BETWEEN 0 AND 80", name="years_of_experience"),
        CheckConstraint("fee_minor BETWEEN 0 AND 10000000", name="fee_minor"),
        CheckConstraint("fee_currency ~ '^[A-Z]{3}$'", name="fee_currency"),
        Index("ix_doctors_approved", "specialty_id", postgresql_where=text("approved_at IS NOT NULL")),
        trigrams("ix_doctors_search_text", "search_text", "search_text"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), unique=True)
    specialty_id: Mapped[UUID] = mapped_column(ForeignKey(Specialty.id))
    licence_number: Mapped[str] = mapped_column(String(60))
    years_of_experience: Mapped[int] = mapped_column(default=0, server_default="0")
    bio: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    room: Mapped[str] = mapped_column(String(120), default="", server_default="")
    languages: Mapped[str] = mapped_column(String(200), default="", server_default="")
    visit_minutes: Mapped[int] = mapped_column(default=20, server_default="20")
    fee_minor: Mapped[int | None]  # in the smallest unit of fee_currency (ISO 4217): 8500 is £85.00
    fee_currency: Mapped[str] = mapped_column(String(3), default="GBP", server_default="GBP")
    photo_version: Mapped[str | None] = mapped_column(String(16))  # changes with the photo; none without one
    approved_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(Text, default="", server_default="", deferred=True)  # hms.auth.finding

    user: Mapped[User] = relationship(back_populates="doctor")
    specialty: Mapped[Specialty] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_approved(self) -> bool:
        """Whether somebody has checked the licence."""
        return self.approved_at is not None

    @hybrid_property
    def is_bookable(self) -> bool:
        """Whether patients can find and book this doctor. A statement that asks it joins the doctor's ``User``."""
        return self.is_approved and self.user.is_active

    @is_bookable.inplace.expression
    @classmethod
    def _is_bookable(cls) -> ColumnElement[bool]:
        return cls.approved_at.is_not(None) & User.deactivated_at.is_(None)

    @hybrid_property
    def is_waiting(self) -> bool:
        """Whether somebody still has to check the licence. A statement that asks it joins the doctor's ``User``."""
        return not self.is_approved and self.user.is_active

    @is_waiting.inplace.expression
    @classmethod
    def _is_waiting(cls) -> ColumnElement[bool]:
        return cls.approved_at.is_(None) & User.deactivated_at.is_(None)


class DoctorChange(Model):
    """What an approved doctor wants patients to read about them, and has not been looked at yet.

    What is None stays as it is. At most one of a doctor waits; decided ones are kept.
    """

    __tablename__ = "doctor_changes"
    __table_args__ = (
        CheckConstraint("full_name IS NOT NULL OR specialty_id IS NOT NULL", name="something"),
        CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name="decided"),
        CheckConstraint("decision IN ('approved', 'rejected', 'withdrawn', 'replaced')", name="decision"),
        Index("uq_doctor_changes_waiting", "doctor_id", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id), index=True)
    full_name: Mapped[str | None] = mapped_column(String(120))
    specialty_id: Mapped[UUID | None] = mapped_column(ForeignKey(Specialty.id))
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id))  # none: from the command line
    decision: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")  # which the doctor reads

    doctor: Mapped[Doctor] = relationship()
    specialty: Mapped[Specialty | None] = relationship(lazy="joined")


class DoctorPhoto(Model):
    """A doctor's picture, as made anew from the upload: a square JPEG without metadata."""

    __tablename__ = "doctor_photos"

    doctor_id: Mapped[UUID] = mapped_column(ForeignKey(Doctor.id), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)


class SignIn(Model):
    """One signed-in browser: what its opaque cookie stands for. The cookie's value itself is never stored."""

    __tablename__ = "sessions"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # SHA-256 of the cookie's value
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    device: Mapped[str | None] = mapped_column(String(80))  # in words, as the browser calls itself
    place: Mapped[str | None] = mapped_column(String(50))  # the part of the net that the address belongs to

    user: Mapped[User] = relationship()

    @property
    def ref(self) -> str:
        """What a page may call the row: nobody gets to the cookie from there."""
        return self.id_hash.hex()[:32]


class KnownDevice(Model):
    """A browser that an account was signed in to from (:mod:`hms.auth.devices`)."""

    __tablename__ = "known_devices"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # SHA-256 of the cookie's value
    last_used_at: Mapped[datetime]


class EmailCode(Model):
    """One request to prove an address with a code that is mailed to it, by one browser.

    The code itself is not stored: it follows from the row and the secret key (:mod:`hms.auth.codes`). A browser has one
    row that has not ended, and is known by the SHA-256 of a random value in its session.
    """

    __tablename__ = "email_codes"
    __table_args__ = (
        Index("uq_email_codes_live", "browser_hash", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_email_codes_email", "email"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254))
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # of the code; once it was entered, of the time to fill in the rest
    wrong_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    proved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # used, or replaced by a later request of the same browser


class MailPause(Model):
    """How often one kind of mail that anybody can ask for went to one address, and when it last did."""

    __tablename__ = "mail_pauses"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # HMAC of kind and address
    sent: Mapped[int] = mapped_column(default=0, server_default="0")
    last_sent_at: Mapped[datetime]


class SealedDraft(Model):
    """What somebody typed into a form that came after the session had ended (:mod:`hms.auth.drafts`)."""

    __tablename__ = "drafts"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # SHA-256 of the cookie's value
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # under a key that is made of the cookie's value
    expires_at: Mapped[datetime] = mapped_column(index=True)
