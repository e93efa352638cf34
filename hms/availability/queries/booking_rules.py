"""The rules about booking as they are stored."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from hms.auth import finding
from hms.auth.models import Doctor, User
from hms.availability.models import StoredRules
from hms.db import db


class OwnRules(NamedTuple):
    """A doctor with rules of their own, and those rules; an empty one is as the clinic's."""

    doctor_id: UUID
    full_name: str
    rules: StoredRules


def find_rules(doctor_id: UUID | None) -> StoredRules | None:
    """The stored rules of this doctor alone, or the clinic's for None, as they stand now."""
    return db.session.scalar(
        select(StoredRules)
        .where(StoredRules.doctor_id.is_not_distinct_from(doctor_id))
        .execution_options(populate_existing=True)
    )


def list_own_rules() -> list[OwnRules]:
    """The doctors who have rules of their own, by name."""
    rows = db.session.execute(
        select(Doctor.id, User.full_name, StoredRules)
        .join(Doctor, StoredRules.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .order_by(finding.sort_key(), Doctor.id)
    )
    return [OwnRules(*row) for row in rows]
