"""Offering single times: a doctor opens, changes and removes slots by hand. A booked slot is never touched here."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import clock
from hms.auth.models import Doctor
from hms.availability import queries
from hms.availability.models import Mode, Origin, Slot, SlotStatus, TimeOff
from hms.availability.queries import offers
from hms.availability.reconcile import OwnSlot
from hms.availability.refusals import AwayThen, SlotInPast, SlotNotFree, SlotOverlap
from hms.availability.services.planning import Range, around, days_of, in_batches, lock_offer, reconcile
from hms.availability.services.room import check_times
from hms.db import new_id, transaction
from hms.errors import Invalid

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 8 * 60
LONGEST_SERIES_DAYS = 366
MAX_TIMES = 10_000
"""As many as one statement writes in a second or two, and more than a doctor works in a year."""

Interval = tuple[datetime, datetime]
Time = tuple[datetime, datetime, str]
"""From when to when, and how the visit takes place."""

MIDNIGHT = time.min


class SeriesResult(NamedTuple):
    """What became of a series: how many times were opened, and why the others were not. ``hidden`` of those opened are
    kept from patients for now, by time off, a closure or another calendar. ``skipped_days`` says for a day what the
    clocks took from it."""

    opened: int
    overlapping: int
    past: int
    skipped_days: list[tuple[date, str]]
    hidden: int = 0


def open_slot(doctor: Doctor, *, day: date, start: time, end: time, mode: str = Mode.IN_PERSON) -> Slot:
    """Offer one time, given by the clinic's wall clock; one that ends before it starts there ends on the next day.

    Where the wall shows a time twice, its ``fold`` says which is meant.
    Raises :class:`SlotOverlap`, :class:`SlotInPast`, :class:`AwayThen`, ``NoSuchTime``, ``Invalid``.
    """
    with transaction() as session:
        lock_offer(session, doctor.id)
        interval = _interval(day, start, end)
        _check_presence(doctor, interval)
        opened = _insert(session, doctor, [(*interval, mode)])
        if not opened:
            raise SlotOverlap(field="start")
        check_times(doctor, field="day")
        _settle(session, doctor, opened)
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
    mode: str = Mode.IN_PERSON,
) -> SeriesResult:
    """Offer visits of ``visit_minutes`` back to back from ``start`` to ``end`` on each of the ``weekdays`` (Monday 0);
    midnight as the end is the end of the day.

    What overlaps a time offered already, or has passed, is left out and counted. A day on which the wall clock skips
    ``start`` or ``end`` is left out and named; where it shows one of them twice, its ``fold`` says which is meant. What
    falls into time off or a closure is kept from patients until then.
    """
    _check_series(first_day, last_day, weekdays, start, end, visit_minutes)
    skipped: list[tuple[date, str]] = []
    times: list[Time] = []
    for day in _days(first_day, last_day, weekdays):
        try:
            times += _visits(clock.on_wall(day, start), _end_of_series(day, end), visit_minutes, mode)
        except clock.NoSuchTime as refusal:
            skipped.append((day, refusal.message))
    return _open(doctor, times, skipped)


def copy_day(doctor: Doctor, *, day: date, to_days: Iterable[date]) -> SeriesResult:
    """Offer the times of one day on others too, at the same hours of the clinic's wall; blocked ones are left out.

    What overlaps a time offered already, or has passed, is left out and counted. A time that the wall clock skips, or
    shows only once where the day copied has it twice, is left out and named. Raises ``Invalid`` when there is nothing
    to copy.
    """
    targets = sorted(set(to_days) - {day})
    if not targets or len(targets) > LONGEST_SERIES_DAYS:
        raise Invalid("Choose at least one day, within a year.", field="to_days")
    times: list[Time] = []
    skipped: list[tuple[date, str]] = []
    with transaction() as session:
        lock_offer(session, doctor.id)
        pattern = _pattern(doctor, day)
        for target in targets:
            copied, sentences = _copied(pattern, target)
            times += copied
            skipped += [(target, sentence) for sentence in sentences]
        return _open(doctor, times, skipped)


def change_slot(slot_id: UUID, *, doctor: Doctor, day: date, start: time, end: time, mode: str | None = None) -> Slot:
    """Move a free slot of one's own to another time; it is one's own by hand from now on, whatever the hours become.

    Raises :class:`SlotNotFree`, :class:`SlotOverlap`, :class:`SlotInPast`, :class:`AwayThen`, ``NoSuchTime``,
    ``Invalid``, ``NotFound``.
    """
    with transaction(conflicts={"ex_slots_doctor_overlap": SlotOverlap(field="start")}) as session:
        lock_offer(session, doctor.id)
        slot = _lock_free(slot_id, doctor)
        interval = _interval(day, start, end)
        _check_presence(doctor, interval)
        before = days_of(slot.starts_at, slot.ends_at)
        _forget_plan(session, slot)
        (slot.starts_at, slot.ends_at), slot.origin, slot.mode = interval, Origin.HAND, mode or slot.mode
        slot.expired = False
        session.flush()
        for days in {before, days_of(*interval)}:
            reconcile(session, doctor.id, only=days)
    return slot


def delete_slot(slot_id: UUID, *, doctor: Doctor) -> None:
    """Take a slot of one's own back that is free or blocked; the hours do not bring it again.

    Raises :class:`SlotNotFree`, ``NotFound``.
    """
    with transaction() as session:
        lock_offer(session, doctor.id)
        slot = queries.lock_slot(slot_id, doctor=doctor)
        if slot.status not in (SlotStatus.FREE, SlotStatus.BUSY_UNAVAILABLE):
            raise SlotNotFree
        _forget_plan(session, slot)
        session.delete(slot)
        session.flush()
        reconcile(session, doctor.id, only=days_of(slot.starts_at, slot.ends_at))


def _forget_plan(session: Session, slot: Slot) -> None:
    """Note that a time of the schedule is not to be made again."""
    if slot.origin == Origin.SCHEDULE:
        session.add(TimeOff(doctor_id=slot.doctor_id, starts_at=slot.starts_at, ends_at=slot.ends_at, single=True))
        session.flush()


def _lock_free(slot_id: UUID, doctor: Doctor) -> Slot:
    slot = queries.lock_slot(slot_id, doctor=doctor)
    if slot.status != SlotStatus.FREE:
        raise SlotNotFree
    return slot


def _check_presence(doctor: Doctor, interval: Interval) -> None:
    takes_away = around(offers.load_offer(doctor.id, since=clock.now()))
    if takes_away.closed.overlap(*interval):
        raise AwayThen("The clinic is closed then. Choose a different time.", field="day")
    if takes_away.away.overlap(*interval):
        raise AwayThen(field="day")


def _interval(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    starts_at = clock.on_wall(day, start)
    ends = clock.ends_after(starts_at, end)
    ends_at = ends[-1] if end.fold else ends[0]
    minutes = (ends_at - starts_at) / timedelta(minutes=1)
    if minutes > LONGEST_MINUTES and end.replace(fold=0) <= start.replace(fold=0):
        raise Invalid("The end must be after the start.", field="end")
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise Invalid("A visit must be between 5 minutes and 8 hours.", field="end")
    if starts_at <= clock.now():
        raise SlotInPast(field="start")
    return starts_at, ends_at


def _check_series(
    first_day: date, last_day: date, weekdays: frozenset[int], start: time, end: time, visit_minutes: int
) -> None:
    if last_day < first_day:
        raise Invalid("The last day must be on or after the first.", field="last_day")
    if (last_day - first_day).days >= LONGEST_SERIES_DAYS:
        raise Invalid("A series can last up to one year.", field="last_day")
    if not weekdays:
        raise Invalid("Choose at least one day of the week.", field="weekdays")
    if end <= start and end != MIDNIGHT:
        raise Invalid("The end must be after the start. A series can end at midnight, but not later.", field="end")
    if not SHORTEST_MINUTES <= visit_minutes <= LONGEST_MINUTES:
        raise Invalid("A visit must be between 5 minutes and 8 hours.", field="visit_minutes")


def _end_of_series(day: date, end: time) -> datetime:
    return clock.day_bounds(day)[1] if end == MIDNIGHT else clock.on_wall(day, end)


def _days(first_day: date, last_day: date, weekdays: frozenset[int]) -> Iterator[date]:
    days = (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    return (day for day in days if day.weekday() in weekdays)


def _visits(starts_at: datetime, ends_at: datetime, visit_minutes: int, mode: str) -> list[Time]:
    """Whole visits that fit, in real minutes: a day with a clock change has an hour more or less of them."""
    if ends_at <= starts_at:
        raise Invalid("The end must be after the start.", field="end")
    visit = timedelta(minutes=visit_minutes)
    count = (ends_at - starts_at) // visit
    return [(starts_at + n * visit, starts_at + (n + 1) * visit, mode) for n in range(count)]


def _pattern(doctor: Doctor, day: date) -> list[OwnSlot]:
    """What the doctor offers on a day, booked or not."""
    starts_at, ends_at = clock.day_bounds(day)
    slots = offers.own_slots(doctor.id, since=starts_at, until=ends_at)
    pattern = [slot for slot in slots if slot.starts_at >= starts_at and slot.status != SlotStatus.BUSY_UNAVAILABLE]
    if not pattern:
        raise Invalid("You have no slots on that day. Choose another to copy from.", field="day")
    return pattern


def _copied(pattern: list[OwnSlot], day: date) -> tuple[list[Time], list[str]]:
    """The same times of the wall on another day, as long in real minutes; and why some of them cannot be there."""
    times: dict[datetime, Time] = {}
    sentences: list[str] = []
    for slot in pattern:
        wall = clock.to_clinic(slot.starts_at).time()
        try:
            starts_at = clock.on_wall(day, wall)
        except clock.NoSuchTime as refusal:
            sentences.append(refusal.message)
            continue
        if starts_at in times:
            sentences.append(f"{wall:%H:%M} happens twice on the day you copied, and only once on that day.")
        times.setdefault(starts_at, (starts_at, starts_at + (slot.ends_at - slot.starts_at), slot.mode))
    return list(times.values()), sentences


def _open(doctor: Doctor, times: list[Time], skipped: list[tuple[date, str]]) -> SeriesResult:
    if len(times) > MAX_TIMES:
        raise Invalid(f"That’s more than {MAX_TIMES:,} slots. Choose fewer days.", field="last_day")
    coming = [each for each in times if each[0] > clock.now()]
    with transaction() as session:
        lock_offer(session, doctor.id)
        check_times(doctor, field="last_day", adding=len(coming))
        opened = _insert(session, doctor, coming)
        check_times(doctor, field="last_day")
        opened = _settle(session, doctor, opened)
    hidden = sum(slot.status != SlotStatus.FREE for slot in opened)
    return SeriesResult(len(opened), len(coming) - len(opened), len(times) - len(coming), skipped, hidden)


def _insert(session: Session, doctor: Doctor, times: list[Time]) -> list[Slot]:
    """The slots that the database took; the others overlap what is there (``ex_slots_doctor_overlap``)."""
    rows = [{"id": new_id(), "doctor_id": doctor.id, "starts_at": s, "ends_at": e, "mode": m} for s, e, m in times]
    opened: list[Slot] = []
    for batch in in_batches(rows):
        statement = insert(Slot).values(batch).on_conflict_do_nothing().returning(Slot)
        opened += session.scalars(statement, execution_options={"populate_existing": True})
    return opened


def _settle(session: Session, doctor: Doctor, opened: list[Slot]) -> list[Slot]:
    """Have the new times say so where time off, a closure or another calendar takes them away; as they stand then."""
    if not opened:
        return []
    first, last = min(slot.starts_at for slot in opened), max(slot.ends_at for slot in opened)
    marked = reconcile(session, doctor.id, only=Range(days_of(first, first).first_day, days_of(last, last).last_day))
    if not marked.marked:
        return opened
    found: list[Slot] = []
    for batch in in_batches([slot.id for slot in opened]):
        now = select(Slot).where(Slot.id.in_(batch)).execution_options(populate_existing=True)
        found += session.scalars(now)
    return found
