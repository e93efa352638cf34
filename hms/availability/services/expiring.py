"""Expiring: times that passed without a booking leave the indexes of what can be booked."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from hms import clock
from hms.availability.models import Slot
from hms.availability.queries.slots import is_free
from hms.db import transaction

EXPIRES_AFTER = timedelta(days=1)
AT_ONCE = 10_000


def mark_expired() -> int:
    """Mark the free times that ended a day ago or earlier, a transaction for every 10,000; answers how many.

    What was marked by a clock that ran ahead, and is still to come, is unmarked.
    """
    undo_expired_to_come()
    return _mark(is_free() & (Slot.ends_at <= clock.now() - EXPIRES_AFTER), expired=True)


def undo_expired_to_come() -> int:
    """Unmark what is still to come, as only a clock that ran ahead can have marked it; answers how many."""
    return _mark(Slot.expired & (Slot.starts_at > clock.now()), expired=False)


def _mark(those: ColumnElement[bool], *, expired: bool) -> int:
    some = select(Slot.id).where(those).limit(AT_ONCE)
    marking = (
        update(Slot).where(Slot.id.in_(some), those).values(expired=expired)
    )  # one that is moved meanwhile stays out
    marked, last = 0, AT_ONCE
    while last == AT_ONCE:
        with transaction() as session:
            done = session.execute(marking.execution_options(synchronize_session=False))
            last = int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
        marked += last
    return marked
