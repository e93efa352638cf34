"""What doctors are found by."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, undefer

from hms.auth.finding import make_findable
from hms.auth.models import Doctor
from hms.db import transaction

BATCH = 500


def make_all_findable() -> int:
    """Let every doctor be found by the name and specialty as they are; how many were not.

    An older version of HMS that still runs during an update writes doctors without it, and whoever changes what a
    specialty is called changes what all of its doctors are found by.
    """
    last, changed = UUID(int=0), 0
    while True:
        with transaction() as session:
            doctors = list(session.scalars(_after(last)))
            changed += sum(make_findable(doctor) for doctor in doctors)
        if not doctors:
            return changed
        last = doctors[-1].id


def _after(doctor_id: UUID) -> Select[Doctor]:
    return (
        select(Doctor)
        .join(Doctor.user)
        .options(contains_eager(Doctor.user), undefer(Doctor.search_text))
        .where(Doctor.id > doctor_id)
        .order_by(Doctor.id)
        .limit(BATCH)
        .with_for_update(of=Doctor)
        .execution_options(populate_existing=True)
    )
