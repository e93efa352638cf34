"""Closures of the whole clinic, such as public holidays: no doctor offers anything then. What is booked stays."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hms import audit, clock, text
from hms.auth.models import Doctor
from hms.availability import queries, visits
from hms.availability.models import BlockedBy, Closure, Slot, SlotStatus
from hms.availability.queries.offers import closed_interval
from hms.availability.queries.slots import is_free
from hms.availability.refusals import PreviewOutdated
from hms.availability.services.planning import mark_stale
from hms.availability.services.time_off import count_free
from hms.availability.visits import Visit
from hms.db import transaction
from hms.errors import Invalid

LONGEST_DAYS = 366
LONGEST_NAME = 80
MAX_TO_COME = 500
DOCTORS_AT_ONCE = 20
"""Of how many doctors one statement hides times; each has at most some thousands."""

OTHERS_ARE_BOOKED = "The appointments on these days have changed since you opened this page. Nothing was saved."


class ClosurePreview(NamedTuple):
    """How many free times of all doctors would be hidden, how many visits are booked already (they stay), and the first
    50 of them. ``token`` stands for these visits: saving with it saves nothing when there are others.
    """

    hidden_free: int
    booked_count: int
    booked: Sequence[Visit]
    token: str


class Closing(NamedTuple):
    """What became of a closure: its row, how many free times it hid, how many visits are booked in it, and the first 50
    of them.
    """

    closure: Closure
    hidden_free: int
    booked_count: int
    booked: Sequence[Visit]


def preview_closure(first_day: date, last_day: date) -> ClosurePreview:
    """What :func:`add_closure` would do now; writes nothing, and refuses what that would refuse."""
    _check(first_day, last_day)
    interval = closed_interval(first_day, last_day)
    booked = visits.provider().booked_in(interval)
    return ClosurePreview(count_free(interval), booked.number, visits.provider().list_booked(interval), booked.token)


def add_closure(*, first_day: date, last_day: date, name: str, preview_token: str | None = None) -> Closing:
    """Close the clinic from one day to another, both included: free times are hidden at once. Raises ``Invalid``.

    The worker then removes those that schedules had made, and nothing else. The same closure sent again is no second
    one, and hides what is free by then. ``preview_token`` is that of the look before. Raises
    :class:`PreviewOutdated` when others are booked by now.
    """
    _check(first_day, last_day)
    name = text.clean_line(name, longest=LONGEST_NAME, field="name")
    if not name:
        raise Invalid("Enter a name, like New Year’s Day.", field="name")
    interval = closed_interval(first_day, last_day)
    with transaction() as session:
        _lock_all_offers(session)
        closure = _the_same(session, first_day, last_day, name)
        if closure is None:
            if _count_to_come(session) >= MAX_TO_COME:
                raise Invalid(f"There are already {MAX_TO_COME} upcoming closures. Remove one you don’t need.")
            closure = Closure(first_day=first_day, last_day=last_day, name=name)
            session.add(closure)
            session.flush()
            audit.record("closure-added", subject=("closure", closure.id), days=(last_day - first_day).days + 1)
        hidden = _hide(session, first_day, last_day)
        mark_stale(session)
        booked = visits.provider().booked_in(interval)
        if preview_token and preview_token != booked.token:
            raise PreviewOutdated(OTHERS_ARE_BOOKED)  # which takes back all of the above
    return Closing(closure, hidden, booked.number, visits.provider().list_booked(interval))


def remove_closure(closure_id: UUID) -> Closure:
    """Open the clinic again: the worker brings the times back, soon. Raises ``NotFound``."""
    with transaction() as session:
        closure = queries.get_closure(closure_id, locked=True)
        session.delete(closure)
        audit.record("closure-removed", subject=("closure", closure.id))
        session.flush()
        mark_stale(session)
    return closure


def _check(first_day: date, last_day: date) -> None:
    if not clock.FIRST_DAY <= first_day <= last_day <= clock.LAST_DAY:
        raise Invalid("The last day must be on or after the first, in the years 2000 to 2099.", field="last_day")
    if last_day < clock.today():
        raise Invalid("This day is in the past.", field="last_day")
    if (last_day - first_day).days >= LONGEST_DAYS:
        raise Invalid("A closure can last up to one year.", field="last_day")


def _lock_all_offers(session: Session) -> None:
    """Nobody's times change meanwhile: else two who mark the same slots in different orders would wait crosswise."""
    session.execute(select(Doctor.id).order_by(Doctor.id).with_for_update(key_share=True))


def _the_same(session: Session, first_day: date, last_day: date, name: str) -> Closure | None:
    same = select(Closure).filter_by(first_day=first_day, last_day=last_day, name=name)
    return session.scalars(same.limit(1)).first()


def _hide(session: Session, first_day: date, last_day: date) -> int:
    """Hide what is free, of some doctors at a time: who books then either comes before it or finds nothing."""
    starts_at, ends_at = closed_interval(first_day, last_day)
    doctor_ids = session.scalars(select(Doctor.id).order_by(Doctor.id)).all()
    hidden = 0
    for first in range(0, len(doctor_ids), DOCTORS_AT_ONCE):
        some = doctor_ids[first : first + DOCTORS_AT_ONCE]
        statement = (
            update(Slot)
            .where(Slot.doctor_id.in_(some), is_free(), Slot.starts_at > clock.now())
            .where(Slot.starts_at < ends_at, Slot.ends_at > starts_at)
            .values(status=SlotStatus.BUSY_UNAVAILABLE, blocked_by=BlockedBy.CLOSURE)
        )
        done = session.execute(statement.execution_options(synchronize_session=False))
        hidden += int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
    return hidden


def _count_to_come(session: Session) -> int:
    coming = select(func.count()).select_from(Closure).where(Closure.last_day >= clock.today())
    return session.scalar(coming) or 0
