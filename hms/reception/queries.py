"""What the desk reads: patients by whatever they say of themselves, and the day of all doctors."""

import re
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from flask import current_app
from sqlalchemy import ColumnElement, Select, exists, func, select, union

from hms import audit, clock, phone, wall_text
from hms.auth.models import Doctor, Patient, User
from hms.db import db
from hms.errors import Invalid
from hms.scheduling import queries as booked
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus

MAX_FOUND = 20
MAX_OF_A_DAY = 500
MAX_WORDS = 6
MIN_DIGITS = 4
REFERENCE = re.compile(r"[2-9A-HJKMNP-Z]{8}", re.ASCII)


class FoundPatient(NamedTuple):
    """A patient as the desk tells one from another. ``is_doubled``: another one found has the name and the birthday."""

    id: UUID
    full_name: str
    date_of_birth: date | None
    phone: str
    email: str
    is_closed: bool
    is_doubled: bool = False


class VisitOfDay(NamedTuple):
    """One visit of the day; ``waiting_minutes`` since the patient came, until the visit is marked."""

    appointment: Appointment
    waiting_minutes: int | None


def find_patients(typed: str) -> list[FoundPatient]:
    """At most 20 patients by name, birthday, telephone number or the end of one, email or reference, by name."""
    ids = union(*_ways(typed)).subquery()
    columns = (Patient.id, User.full_name, Patient.date_of_birth, Patient.phone, User.email)
    statement = (
        select(*columns, User.deactivated_at.is_not(None))
        .join(User, Patient.user_id == User.id)
        .where(Patient.id.in_(select(ids.c.id)))
        .order_by(func.lower(User.full_name), Patient.id)
        .limit(MAX_FOUND)
    )
    found = [FoundPatient(*row) for row in db.session.execute(statement)]
    for one in found:
        audit.viewed(one.id, ("patient", one.id))
    same = [(one.full_name.lower(), one.date_of_birth) for one in found]
    return [
        one._replace(is_doubled=same.count(key) > 1 and key[1] is not None)
        for one, key in zip(found, same, strict=True)
    ]


def list_day(day: date, *, doctor_id: UUID | None = None) -> list[VisitOfDay]:
    """The visits of a day in clinic time, of all doctors or of one, in order of time; at most 500."""
    starts_at, ends_at = clock.day_bounds(day)
    arrived_at = (
        select(func.max(AppointmentChange.changed_at))
        .where(AppointmentChange.appointment_id == Appointment.id)
        .where(AppointmentChange.to_status == AppointmentStatus.ARRIVED)
        .scalar_subquery()
    )
    statement = (
        select(Appointment, arrived_at)
        .options(*booked.PEOPLE)
        .where(Appointment.starts_at >= starts_at, Appointment.starts_at < ends_at)
        .where(Appointment.status != AppointmentStatus.CANCELLED)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MAX_OF_A_DAY)
    )
    rows = db.session.execute(statement.where(Appointment.doctor_id == doctor_id) if doctor_id else statement).all()
    booked.note_viewed([row[0] for row in rows])
    return [VisitOfDay(appointment, _waiting(appointment, since)) for appointment, since in rows]


def doctors_of(visits: list[VisitOfDay]) -> list[Doctor]:
    """The doctors who have a visit, each once, by name."""
    doctors = {visit.appointment.doctor_id: visit.appointment.doctor for visit in visits}
    return sorted(doctors.values(), key=lambda doctor: doctor.user.full_name)


def _waiting(appointment: Appointment, since: datetime | None) -> int | None:
    if appointment.status != AppointmentStatus.ARRIVED or since is None:
        return None
    return max(int((clock.now() - since).total_seconds() // 60), 0)


def _ways(typed: str) -> list[Select[UUID]]:
    """A statement of ids for each thing that the text can be; each is served by an index."""
    ways = [_by_name(typed)]
    reference = re.sub(r"[\s-]", "", typed).upper()
    if REFERENCE.fullmatch(reference):
        ways.append(select(Appointment.patient_id.label("id")).where(Appointment.reference == reference))
    if "@" in typed:
        ways.append(_with_account(func.lower(User.email) == typed.lower()))
    if day := wall_text.read_day(typed):
        ways.append(select(Patient.id).where(Patient.date_of_birth == day))
    if number := _end_of_number(typed):
        ways.append(select(Patient.id).where(Patient.phone.like(f"%{number}%")))
    return ways


def _by_name(typed: str) -> Select[UUID]:
    words = typed.lower().split()[:MAX_WORDS]
    return _with_account(*(func.lower(User.full_name).contains(word, autoescape=True) for word in words))


def _with_account(*conditions: ColumnElement[bool]) -> Select[UUID]:
    of_account = exists().where(User.id == Patient.user_id, *conditions).correlate(Patient)
    return select(Patient.id).where(of_account).limit(MAX_FOUND)


def _end_of_number(typed: str) -> str:
    """The digits by which a number is found, as it is kept or as much as is remembered; empty for what is none."""
    try:
        return phone.read(typed, country=current_app.config["CLINIC_COUNTRY"]).partition(";")[0]
    except Invalid:
        digits = re.sub(r"\D", "", typed, flags=re.ASCII).lstrip("0")
        return digits if len(digits) >= MIN_DIGITS and re.fullmatch(r"[0-9+()\s./-]+", typed, re.ASCII) else ""
