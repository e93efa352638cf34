"""Changing the rules about booking, the clinic's or one doctor's. What is booked already stays as it is."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms.auth.models import Doctor
from hms.db import new_id, transaction
from hms.errors import Invalid, NotFound
from hms.scheduling import policies
from hms.scheduling.models import BookingPolicy
from hms.scheduling.services.planning import mark_stale

SHAPES_THE_PLAN = {"horizon_days", "gap_minutes"}
LIMITS = {
    "minimum_notice_minutes": (0, 43_200, "The notice is between 0 and 43,200 minutes, which are 30 days."),
    "horizon_days": (1, 730, "Bookings open between 1 and 730 days ahead."),
    "cancellation_hours": (0, 720, "The window is between 0 and 720 hours, which are 30 days."),
    "most_future_bookings": (1, 1000, "The number is between 1 and 1,000. Leave it empty for any number."),
    "gap_minutes": (0, 480, "The gap is between 0 and 480 minutes, which are 8 hours."),
}


class RuleChange(NamedTuple):
    """One rule that is another now; None is *any number* in the clinic's rules, and *as the clinic* in a doctor's."""

    name: str
    before: int | None
    after: int | None


def set_clinic_policy(**values: int | None) -> list[RuleChange]:
    """Change some of the clinic's rules (:data:`hms.scheduling.policies.NAMES`); answers those that are others now.

    Raises ``Invalid`` about the rule whose number is out of bounds, or that only a doctor's own may leave empty.
    """
    _check(values)
    for name, value in values.items():
        if value is None and policies.USUAL[name] is not None:
            raise Invalid("Enter a number: this rule holds wherever a doctor has none of their own.", field=name)
    return _set(None, values)


def set_doctor_policy(doctor_id: UUID, **values: int | None) -> list[RuleChange]:
    """Change some of a doctor's own rules; None leaves a rule to the clinic. Answers those that are others now.

    Raises ``Invalid`` about the rule whose number is out of bounds, ``NotFound``.
    """
    _check(values)
    return _set(doctor_id, values)


def _check(values: dict[str, int | None]) -> None:
    for name, value in values.items():
        least, most, sentence = LIMITS[name]
        if value is not None and not least <= value <= most:
            raise Invalid(sentence, field=name)


def _set(doctor_id: UUID | None, values: dict[str, int | None]) -> list[RuleChange]:
    with transaction() as session:
        if doctor_id and session.get(Doctor, doctor_id) is None:
            raise NotFound("We could not find this doctor.")
        row = _lock(session, doctor_id)
        changes = [RuleChange(name, getattr(row, name), value) for name, value in values.items()]
        changes = [change for change in changes if change.before != change.after]
        for name, _, value in changes:
            setattr(row, name, value)
        if doctor_id and all(getattr(row, name) is None for name in policies.NAMES):
            session.delete(row)
        if SHAPES_THE_PLAN & {change.name for change in changes}:
            mark_stale(session, [doctor_id] if doctor_id else None)
    policies.forget()
    return changes


def _lock(session: Session, doctor_id: UUID | None) -> BookingPolicy:
    """The stored rules, made if there are none, and locked until the transaction ends."""
    values: dict[str, Any] = {} if doctor_id else policies.USUAL
    session.execute(insert(BookingPolicy).values(id=new_id(), doctor_id=doctor_id, **values).on_conflict_do_nothing())
    statement = select(BookingPolicy).where(BookingPolicy.doctor_id.is_not_distinct_from(doctor_id))
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()
