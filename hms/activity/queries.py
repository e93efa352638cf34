"""Who the ids of the audit log are, and which ids people mean by what they type."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select

from hms.audit.models import AuditEvent
from hms.auth.models import Doctor, Patient, Role, User
from hms.db import db
from hms.scheduling.models import Appointment

MOST_PEOPLE = 20


class Named(NamedTuple):
    """What stands behind the ids of some events: names by account, patient and doctor, the patients among them, and
    appointments.
    """

    people: Mapping[UUID, str]
    patients: frozenset[UUID]
    visits: Mapping[UUID, Appointment]


def name(events: Sequence[AuditEvent]) -> Named:
    """The names that these events need, by three statements whatever their number."""
    ids = {one for event in events for one in (event.actor_id, event.subject_id, event.patient_id) if one}
    rows = _people(ids)
    people = {one: row[0] for row in rows for one in row[1:] if one is not None}
    patients = frozenset(row[2] for row in rows if row[2] is not None)
    return Named(people, patients, _visits(event.subject_id for event in events if event.subject_kind == "appointment"))


def people_named(typed: str) -> frozenset[UUID]:
    """The ids of accounts, patients and doctors whose name holds ``typed`` or whose email it is, and of the appointment
    with this reference.
    """
    like = "%" + typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    is_meant = or_(User.full_name.ilike(like), func.lower(User.email) == typed.lower())
    found = _with_people().where(is_meant).order_by(User.full_name, User.id).limit(MOST_PEOPLE)
    ids = {one for row in db.session.execute(found) for one in row[1:] if one is not None}
    reference = typed.replace("-", "").replace(" ", "").upper()
    ids |= set(db.session.scalars(select(Appointment.id).where(Appointment.reference == reference)))
    return frozenset(ids)


def list_administrators() -> Sequence[UUID]:
    """The accounts of administrators that are open."""
    active = select(User.id).where(User.role == Role.ADMIN, User.deactivated_at.is_(None))
    return db.session.scalars(active.order_by(User.id).limit(1000)).all()


def _people(ids: Iterable[UUID]) -> Sequence[Row[str, UUID, UUID, UUID]]:
    ids = list(ids)
    is_one = or_(User.id.in_(ids), Patient.id.in_(ids), Doctor.id.in_(ids))
    return db.session.execute(_with_people().where(is_one)).all()


def _with_people() -> Select[str, UUID, UUID, UUID]:
    columns = select(User.full_name, User.id, Patient.id, Doctor.id)
    return columns.outerjoin(Patient, Patient.user_id == User.id).outerjoin(Doctor, Doctor.user_id == User.id)


def _visits(ids: Iterable[UUID | None]) -> dict[UUID, Appointment]:
    wanted = select(Appointment).where(Appointment.id.in_([one for one in ids if one]))
    return {visit.id: visit for visit in db.session.scalars(wanted)}
