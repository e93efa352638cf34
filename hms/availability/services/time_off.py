"""Time off, and what doctors do elsewhere: both take free times away, and give them back afterwards.

Visits that are booked already stay until the doctor cancels them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from hms import audit, clock
from hms.auth.models import Doctor
from hms.availability import queries, visits
from hms.availability.models import BusyTime, Slot, TimeOff
from hms.availability.queries.offers import Interval
from hms.availability.queries.slots import is_free
from hms.availability.reconcile import Intervals
from hms.availability.refusals import PreviewOutdated
from hms.availability.services.planning import lock_offer, reconcile
from hms.availability.visits import Visit
from hms.db import db, new_id, transaction
from hms.errors import Invalid

LONGEST = timedelta(days=366)
MAX_TO_COME = 500
OTHERS_ARE_BOOKED = "The appointments in this period have changed since you opened this page. Nothing was saved."
LAST_MOMENT = datetime(2100, 12, 31, tzinfo=UTC)


class TimeOffPreview(NamedTuple):
    """How many free times would be hidden, how many visits are booked in the interval already (they stay), and the
    first 50 of them. ``token`` stands for these visits: saving with it saves nothing when there are others.
    """

    hidden_free: int
    booked_count: int
    booked: Sequence[Visit]
    token: str


def preview_time_off(doctor: Doctor, starts_at: datetime, ends_at: datetime) -> TimeOffPreview:
    """What :func:`add_time_off` would do now; writes nothing, and refuses what that would refuse."""
    _check(starts_at, ends_at)
    interval = (starts_at, ends_at)
    booked = visits.provider().booked_in(interval, doctor=doctor)
    first = visits.provider().list_booked(interval, doctor=doctor)
    return TimeOffPreview(count_free(interval, doctor=doctor), booked.number, first, booked.token)


def add_time_off(
    doctor: Doctor, *, starts_at: datetime, ends_at: datetime, reason: str = "", preview_token: str | None = None
) -> TimeOff:
    """Offer nothing in ``[starts_at, ends_at)``; the same time off sent again is no second one.

    ``preview_token`` is that of the look before. Raises :class:`PreviewOutdated` when others are booked by now,
    ``Invalid``.
    """
    _check(starts_at, ends_at)
    with transaction() as session:
        lock_offer(session, doctor.id)
        if earlier := _the_same(session, doctor, starts_at, ends_at, reason.strip()):
            return earlier
        if len(queries.list_time_off(doctor)) >= MAX_TO_COME:
            raise Invalid(f"You already have {MAX_TO_COME} periods of time off coming up. Remove one you don’t need.")
        time_off = TimeOff(doctor_id=doctor.id, starts_at=starts_at, ends_at=ends_at, reason=reason.strip())
        session.add(time_off)
        session.flush()
        audit.record("time-off-added", subject=("time-off", time_off.id))
        reconcile(session, doctor.id)
        if (
            preview_token is not None
            and preview_token != visits.provider().booked_in((starts_at, ends_at), doctor=doctor).token
        ):
            raise PreviewOutdated(OTHERS_ARE_BOOKED)  # which takes back all of the above
    return time_off


def remove_time_off(time_off_id: UUID, *, doctor: Doctor) -> None:
    """Offer the times again that the hours plan then, and those that were opened by hand. Raises ``NotFound``."""
    with transaction() as session:
        lock_offer(session, doctor.id)
        session.delete(queries.get_time_off(time_off_id, doctor=doctor))
        audit.record("time-off-removed", subject=("time-off", time_off_id))
        session.flush()
        reconcile(session, doctor.id)


def note_busy_times(doctor_id: UUID, intervals: Iterable[Interval], *, starts_at: datetime, ends_at: datetime) -> bool:
    """Replace what is known of the doctor's time elsewhere in ``[starts_at, ends_at)``; whether that changed anything.

    Free times in it are kept from patients as long as it lasts. What was known outside the window stays.
    """
    busy = _joined_within(intervals, starts_at, ends_at)
    with transaction() as session:
        lock_offer(session, doctor_id)
        known = _known(session, doctor_id, starts_at, ends_at)
        if _joined_within(known, starts_at, ends_at) == busy:
            return False
        _replace(session, doctor_id, known, busy, (starts_at, ends_at))
        reconcile(session, doctor_id)
    return True


def count_free(interval: Interval, *, doctor: Doctor | None = None) -> int:
    """How many free times to come share time with the interval, of this doctor or of all."""
    starts_at, ends_at = interval
    now = clock.now()
    free = select(func.count()).select_from(Slot).where(is_free(), Slot.starts_at > now)
    free = free.where(Slot.starts_at < ends_at, Slot.ends_at > starts_at)
    return db.session.scalar(free if doctor is None else free.where(Slot.doctor_id == doctor.id)) or 0


def _check(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid("The end must be after the start.", field="end")
    if ends_at <= clock.now():
        raise Invalid("This is in the past. Choose a later time.", field="end")
    if ends_at - starts_at > LONGEST or ends_at > LAST_MOMENT:
        raise Invalid("Time off can last up to one year. Add more after it.", field="end")


def _the_same(session: Session, doctor: Doctor, starts_at: datetime, ends_at: datetime, reason: str) -> TimeOff | None:
    same = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason, "single": False}
    return session.scalars(select(TimeOff).filter_by(doctor_id=doctor.id, **same).limit(1)).first()


def _joined_within(intervals: Iterable[Interval], starts_at: datetime, ends_at: datetime) -> list[Interval]:
    """The intervals in order, joined where they touch, and cut to the window."""
    cut = [(max(first, starts_at), min(last, ends_at)) for first, last in intervals]
    return Intervals(interval for interval in cut if interval[0] < interval[1]).in_order


def _known(session: Session, doctor_id: UUID, starts_at: datetime, ends_at: datetime) -> list[Interval]:
    within = (BusyTime.doctor_id == doctor_id, BusyTime.starts_at < ends_at, BusyTime.ends_at > starts_at)
    rows = session.execute(select(BusyTime.starts_at, BusyTime.ends_at).where(*within))
    return [(row.starts_at, row.ends_at) for row in rows]


def _replace(session: Session, doctor_id: UUID, known: list[Interval], busy: list[Interval], window: Interval) -> None:
    """Put the new intervals in the place of the known ones, of which the ends that stick out stay."""
    starts_at, ends_at = window
    within = (BusyTime.doctor_id == doctor_id, BusyTime.starts_at < ends_at, BusyTime.ends_at > starts_at)
    session.execute(delete(BusyTime).where(*within).execution_options(synchronize_session=False))
    before = [(first, starts_at) for first, _ in known if first < starts_at]
    after = [(ends_at, last) for _, last in known if last > ends_at]
    rows = [
        {"id": new_id(), "doctor_id": doctor_id, "starts_at": first, "ends_at": last}
        for first, last in Intervals([*before, *busy, *after]).in_order
    ]
    if rows:
        session.execute(insert(BusyTime), rows)
