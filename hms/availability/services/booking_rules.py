"""Changing the rules about booking, the clinic's or one doctor's. What is booked already stays as it is."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import audit
from hms.auth.models import Doctor
from hms.availability import booking_rules, contradictions, queries
from hms.availability.contradictions import RuleValues
from hms.availability.models import StoredRules
from hms.availability.services.planning import mark_stale
from hms.db import new_id, transaction
from hms.errors import Conflict, Invalid, NotFound

CAN_CONTRADICT = {"minimum_notice_minutes", "horizon_days", "cancellation_hours", "change_window_minutes"}
MAX_NAMES = 3
MAY_BE_EMPTY = {"most_future_bookings", "most_changes"}
SHAPES_THE_PLAN = {"horizon_days", "gap_minutes"}
LIMITS = {
    "minimum_notice_minutes": (0, 43_200, "Enter 0 to 43,200 minutes (30 days)."),
    "horizon_days": (1, 730, "Enter 1 to 730 days."),
    "cancellation_hours": (0, 720, "Enter 0 to 720 hours (30 days)."),
    "change_window_minutes": (0, 43_200, "Enter 0 to 43,200 minutes (30 days)."),
    "most_changes": (0, 100, "Enter 0 to 100. Leave blank for no limit."),
    "most_future_bookings": (1, 1000, "Enter 1 to 1,000. Leave blank for no limit."),
    "gap_minutes": (0, 480, "Enter 0 to 480 minutes (8 hours)."),
}


class RuleChange(NamedTuple):
    """One rule that is another now; None is *any number* in the clinic's rules, and *as the clinic* in a doctor's."""

    name: str
    before: int | None
    after: int | None


def set_clinic_rules(**values: int | None) -> list[RuleChange]:
    """Change some of the clinic's rules (:data:`booking_rules.NAMES`); answers those that are others now.

    Raises ``Invalid`` about the rule whose number is out of bounds, that only a doctor's own may leave empty, or that
    contradicts another one; ``Conflict`` with the doctors' names where a doctor's own rules would contradict it.
    """
    _check(values)
    for name, value in values.items():
        if value is None and name not in MAY_BE_EMPTY:
            raise Invalid("Enter a number. Doctors without their own rule use this one.", field=name)
    return _set(None, values)


def set_doctor_rules(doctor_id: UUID, **values: int | None) -> list[RuleChange]:
    """Change some of a doctor's own rules; None leaves a rule to the clinic. Answers those that are others now.

    Raises ``Invalid`` about the rule whose number is out of bounds or contradicts another one, be it the clinic's;
    ``NotFound``.
    """
    _check(values)
    return _set(doctor_id, values)


def _check(values: dict[str, int | None]) -> None:
    for name, value in values.items():
        minimum, maximum, sentence = LIMITS[name]
        if value is not None and not minimum <= value <= maximum:
            raise Invalid(sentence, field=name)


def _set(doctor_id: UUID | None, values: dict[str, int | None]) -> list[RuleChange]:
    with transaction() as session:
        if doctor_id and session.get(Doctor, doctor_id) is None:
            raise NotFound("We can’t find this doctor.")
        clinic = _lock(session, None)  # always before a doctor's: both count for what contradicts
        row = _lock(session, doctor_id) if doctor_id else clinic
        before = stored(clinic), stored(row)
        changes = [RuleChange(name, getattr(row, name), value) for name, value in values.items()]
        changes = [change for change in changes if change.before != change.after]
        for name, _, value in changes:
            setattr(row, name, value)
        if changes:
            _note(doctor_id, changes)
        _check_contradictions(session, {change.name for change in changes}, clinic, row, before=before)
        if doctor_id and all(getattr(row, name) is None for name in booking_rules.NAMES):
            session.delete(row)
        if SHAPES_THE_PLAN & {change.name for change in changes}:
            mark_stale(session, [doctor_id] if doctor_id else None)
    booking_rules.forget()
    return changes


def _note(doctor_id: UUID | None, changes: list[RuleChange]) -> None:
    """The log has the number before and after of each rule that is another now."""
    subject = ("doctor", doctor_id) if doctor_id else ("setting", None)
    for name, before, after in changes:
        audit.record("rules-changed", subject=subject, setting=name, before=before, after=after)


def stored(row: StoredRules) -> dict[str, int | None]:
    """The rules of a row by their names."""
    return {name: getattr(row, name) for name in booking_rules.NAMES}


def _check_contradictions(
    session: Session, changed: set[str], clinic: StoredRules, row: StoredRules, *, before: tuple[RuleValues, RuleValues]
) -> None:
    """Refuse what contradicts by this change; what did so before does not stand in the way of other changes."""
    with session.no_autoflush:  # the table would refuse without a sentence
        own = stored(row) if row.doctor_id else None
        for found in contradictions.between(stored(clinic), own):
            field = next((name for name in (found.rule, found.against) if name in changed), None)
            if field:
                raise Invalid(f"With these rules {found.consequence}: {found.words}.", field=field)
        if own is None and CAN_CONTRADICT & changed:
            _check_doctors(stored(clinic), before[0])


def _check_doctors(clinic: RuleValues, before: RuleValues) -> None:
    """Refuse rules of the clinic with which a doctor's own would contradict them, and say whose."""
    names: dict[str, list[str]] = {}
    for doctor in queries.list_own_rules():
        own = stored(doctor.rules)
        if not contradictions.between(before, own):
            for found in contradictions.between(clinic, own):
                names.setdefault(found.consequence, []).append(doctor.full_name)
    if names:
        consequence, doctors = next(iter(names.items()))
        rules = f"With the rules of their own that {_listed(doctors)} {'has' if len(doctors) == 1 else 'have'}, "
        raise Conflict(f"{rules}{consequence}. Change those first, or choose another number here.")


def _listed(names: list[str]) -> str:
    """``Dr Rao``, ``Dr Rao and Dr Bose``, ``Dr Rao, Dr Bose and 4 more``."""
    shown = names[:MAX_NAMES] if len(names) <= MAX_NAMES else [*names[: MAX_NAMES - 1], f"{len(names) - 2:,} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _lock(session: Session, doctor_id: UUID | None) -> StoredRules:
    """The stored rules, made if there are none, and locked until the transaction ends."""
    values: dict[str, Any] = {} if doctor_id else booking_rules.USUAL
    session.execute(insert(StoredRules).values(id=new_id(), doctor_id=doctor_id, **values).on_conflict_do_nothing())
    statement = select(StoredRules).where(StoredRules.doctor_id.is_not_distinct_from(doctor_id))
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()
