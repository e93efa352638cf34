"""Offering times: a doctor opens, changes and removes slots. A booked slot is never touched here."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import clock
from hms.auth.models import Doctor
from hms.db import new_id, transaction
from hms.errors import Invalid
from hms.scheduling import queries
from hms.scheduling.models import Slot, SlotStatus
from hms.scheduling.refusals import SlotInPast, SlotNotFree, SlotOverlap

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 8 * 60
LONGEST_SERIES_DAYS = 366
MOST_TIMES = 10_000
"""As many as one statement writes in a second or two, and more than a doctor works in a year."""


class SeriesResult(NamedTuple):
    """What became of a series: how many times were opened, and why the others were not."""

    opened: int
    overlapping: int
    past: int
    skipped_days: list[tuple[date, str]]


def open_slot(doctor: Doctor, *, day: date, start: time, end: time) -> Slot:
    """Offer one time, given by the clinic's wall clock.

    Raises :class:`SlotOverlap`, :class:`SlotInPast`, ``NoSuchTime``, ``Invalid``.
    """
    with transaction() as session:
        _lock_schedule(session, doctor)
        starts_at, ends_at = _interval(day, start, end)
        opened = _insert(session, doctor, [(starts_at, ends_at)])
        if not opened:
            raise SlotOverlap(field="start")
    return opened[0]


def open_series(
    doctor: Doctor,
    *,
    first_day: date,
    last_day: date,
    weekdays: frozenset[int],
    start: time,
    end: time,
    visit_minutes: int,
) -> SeriesResult:
    """Offer visits of ``visit_minutes`` back to back from ``start`` to ``end`` on each of the ``weekdays`` (Monday 0).

    What overlaps a time offered already, or has passed, is left out and counted. A day on which the wall clock skips
    ``start`` or ``end`` is left out and named.
    """
    _check_series(first_day, last_day, weekdays, start, end, visit_minutes)
    skipped: list[tuple[date, str]] = []
    intervals: list[tuple[datetime, datetime]] = []
    for day in _days(first_day, last_day, weekdays):
        try:
            intervals += _visits(clock.from_clinic(day, start), clock.from_clinic(day, end), visit_minutes)
        except clock.NoSuchTime as refusal:
            skipped.append((day, refusal.message))
    if len(intervals) > MOST_TIMES:
        raise Invalid(f"These are more than {MOST_TIMES:,} times. Choose fewer days.", field="last_day")
    coming = [interval for interval in intervals if interval[0] > clock.now()]
    with transaction() as session:
        _lock_schedule(session, doctor)
        opened = _insert(session, doctor, coming)
    return SeriesResult(len(opened), len(coming) - len(opened), len(intervals) - len(coming), skipped)


def change_slot(slot_id: UUID, *, doctor: Doctor, day: date, start: time, end: time) -> Slot:
    """Move a free slot of one's own to another time.

    Raises :class:`SlotNotFree`, :class:`SlotOverlap`, :class:`SlotInPast`, ``NoSuchTime``, ``Invalid``, ``NotFound``.
    """
    with transaction(conflicts={"ex_slots_doctor_overlap": SlotOverlap(field="start")}) as session:
        _lock_schedule(session, doctor)
        slot = _lock_free(slot_id, doctor)
        slot.starts_at, slot.ends_at = _interval(day, start, end)
        session.flush()
    return slot


def delete_slot(slot_id: UUID, *, doctor: Doctor) -> None:
    """Take a free slot of one's own back. Raises :class:`SlotNotFree`, ``NotFound``."""
    with transaction() as session:
        session.delete(_lock_free(slot_id, doctor))


def _lock_schedule(session: Session, doctor: Doctor) -> None:
    """One change of a doctor's times at a time; bookings of the doctor go on meanwhile."""
    session.get(Doctor, doctor.id, with_for_update={"key_share": True, "of": Doctor}, populate_existing=True)


def _lock_free(slot_id: UUID, doctor: Doctor) -> Slot:
    slot = queries.lock_slot(slot_id, doctor=doctor)
    if slot.status != SlotStatus.FREE:
        raise SlotNotFree
    return slot


def _interval(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    starts_at, ends_at = clock.from_clinic(day, start), clock.from_clinic(day, end)
    minutes = (ends_at - starts_at) / timedelta(minutes=1)
    if minutes <= 0:
        raise Invalid("The end comes after the start.", field="end")
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise Invalid("A visit lasts between 5 minutes and 8 hours.", field="end")
    if starts_at <= clock.now():
        raise SlotInPast(field="start")
    return starts_at, ends_at


def _check_series(
    first_day: date, last_day: date, weekdays: frozenset[int], start: time, end: time, visit_minutes: int
) -> None:
    if last_day < first_day:
        raise Invalid("The last day comes after the first.", field="last_day")
    if (last_day - first_day).days >= LONGEST_SERIES_DAYS:
        raise Invalid("A series covers at most one year.", field="last_day")
    if not weekdays:
        raise Invalid("Choose at least one day of the week.", field="weekdays")
    if end <= start:
        raise Invalid("The end comes after the start.", field="end")
    if not SHORTEST_MINUTES <= visit_minutes <= LONGEST_MINUTES:
        raise Invalid("A visit lasts between 5 minutes and 8 hours.", field="visit_minutes")


def _days(first_day: date, last_day: date, weekdays: frozenset[int]) -> Iterator[date]:
    days = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    return (day for day in days if day.weekday() in weekdays)


def _visits(starts_at: datetime, ends_at: datetime, visit_minutes: int) -> list[tuple[datetime, datetime]]:
    """Whole visits that fit, in real minutes: a day with a clock change has an hour more or less of them."""
    visit = timedelta(minutes=visit_minutes)
    count = (ends_at - starts_at) // visit
    return [(starts_at + n * visit, starts_at + (n + 1) * visit) for n in range(count)]


def _insert(session: Session, doctor: Doctor, intervals: list[tuple[datetime, datetime]]) -> list[Slot]:
    """The slots that the database took; the others overlap what is there (``ex_slots_doctor_overlap``)."""
    if not intervals:
        return []
    rows = [{"id": new_id(), "doctor_id": doctor.id, "starts_at": s, "ends_at": e} for s, e in intervals]
    statement = insert(Slot).values(rows).on_conflict_do_nothing().returning(Slot)
    return list(session.scalars(statement, execution_options={"populate_existing": True}))
