"""Lapsing: times that passed without a booking leave the indexes of what can be booked."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from hms import clock
from hms.availability.models import Slot
from hms.availability.queries.slots import is_free
from hms.db import transaction

LAPSES_AFTER = timedelta(days=1)
AT_ONCE = 10_000


def let_lapse() -> int:
    """Mark the free times that ended a day ago or earlier, a transaction for every 10,000; answers how many.

    What was marked by a clock that ran ahead, and is still to come, is unmarked.
    """
    undo_lapses_to_come()
    return _mark(is_free() & (Slot.ends_at <= clock.now() - LAPSES_AFTER), lapsed=True)


def undo_lapses_to_come() -> int:
    """Unmark what is still to come, as only a clock that ran ahead can have marked it; answers how many."""
    return _mark(Slot.lapsed & (Slot.starts_at > clock.now()), lapsed=False)


def _mark(those: ColumnElement[bool], *, lapsed: bool) -> int:
    some = select(Slot.id).where(those).limit(AT_ONCE)
    marking = (
        update(Slot).where(Slot.id.in_(some), those).values(lapsed=lapsed)
    )  # one that is moved meanwhile stays out
    marked, last = 0, AT_ONCE
    while last == AT_ONCE:
        with transaction() as session:
            done = session.execute(marking.execution_options(synchronize_session=False))
            last = int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
        marked += last
    return marked
