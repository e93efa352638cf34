"""Why is there no time? For staff: every stretch of a doctor's day that patients are not offered, and the reason."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from hms import clock
from hms.auth.models import Doctor
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules
from hms.availability.models import BlockedBy, SlotStatus
from hms.availability.plan import Hidden, Plan, PlannedSlot, Reason
from hms.availability.queries.offers import Interval, Offer, load_offer, own_slots
from hms.availability.reconcile import Intervals, OwnSlot
from hms.db import db
from hms.errors import NotFound

BLOCKED = {
    BlockedBy.DOCTOR: Reason.BLOCKED,
    BlockedBy.TIME_OFF: Reason.TIME_OFF,
    BlockedBy.CLOSURE: Reason.CLOSURE,
    BlockedBy.CALENDAR: Reason.CALENDAR,
}
WORDS = {
    Reason.OUTSIDE_HOURS: "Outside the weekly hours",
    Reason.TIME_OFF: "Time off",
    Reason.CLOSURE: "The clinic is closed",
    Reason.REMOVED: "Removed by the doctor",
    Reason.GAP: "Gap after a visit",
    Reason.REMAINDER: "Too short for another visit",
    Reason.BOOKED: "Booked",
    Reason.HELD: "Someone is booking it now",
    Reason.BLOCKED: "Blocked by the doctor",
    Reason.CALENDAR: "Busy in the doctor’s own calendar",
    Reason.OVERLAP: "Overlaps another of the doctor’s slots",
    Reason.BEING_MADE: "Planned. It will appear in a few minutes",
    Reason.PAST: "In the past",
    Reason.DOCTOR_PENDING: "The doctor is waiting for approval",
    Reason.DOCTOR_LEFT: "The doctor’s account is closed",
}


class Explained(NamedTuple):
    """A stretch of time that patients are not offered, why, and the same in words. It is empty (``starts_at`` is
    ``ends_at``) where the clocks skip hours of work."""

    starts_at: datetime
    ends_at: datetime
    reason: Reason
    words: str


class Day(NamedTuple):
    """What a day's reasons are found from."""

    doctor: Doctor
    offer: Offer
    rules: BookingRules
    plan: Plan
    slots: list[OwnSlot]


def explain_day(doctor_id: UUID, day: date) -> list[Explained]:
    """Why the doctor's day has no more times that patients can book, in order of time.

    Together with the times that can be booked at this moment these stretches cover the day from midnight to midnight on
    the clinic's wall. Raises ``NotFound``.
    """
    starts_at, ends_at = clock.day_bounds(day)
    offer = load_offer(doctor_id, since=starts_at)
    slots = own_slots(doctor_id, since=starts_at, until=ends_at)
    whole = Day(_get_doctor(doctor_id), offer, booking_rules.of(doctor_id), offer.plan(day, day), slots)
    found = sorted([*_of_slots(whole), *_of_plan(whole)], key=lambda each: each[:2])
    return [_explained(whole, _cut(each, starts_at, ends_at)) for each in found]


def _get_doctor(doctor_id: UUID) -> Doctor:
    doctor = db.session.scalar(select(Doctor).options(joinedload(Doctor.user)).where(Doctor.id == doctor_id))
    if doctor is None:
        raise NotFound("We can’t find this doctor.")
    return doctor


# -- the reasons ---------------------------------------------------------------------------------------------------


def _of_slots(day: Day) -> Iterator[Hidden]:
    """The stored times that patients cannot book at this moment."""
    for slot in day.slots:
        reason = _reason_of(slot, day)
        if reason is not None:
            yield Hidden(slot.starts_at, slot.ends_at, reason, _note_of(slot, day.offer))


def _reason_of(slot: OwnSlot, day: Day) -> Reason | None:
    if slot.status == SlotStatus.BUSY:
        return Reason.BOOKED
    if slot.status == SlotStatus.BUSY_TENTATIVE:
        return Reason.HELD
    if slot.blocked_by is not None:
        return BLOCKED[BlockedBy(slot.blocked_by)]
    return _of_the_doctor(day.doctor) or _of_the_moment(slot.starts_at, day.rules)


def _of_the_doctor(doctor: Doctor) -> Reason | None:
    if doctor.is_bookable:
        return None
    return Reason.DOCTOR_PENDING if doctor.is_waiting else Reason.DOCTOR_LEFT


def _of_the_moment(starts_at: datetime, rules: BookingRules) -> Reason | None:
    if starts_at <= clock.now():
        return Reason.PAST
    if starts_at < rules.bookable_from:
        return Reason.MINIMUM_NOTICE
    return Reason.BEYOND_HORIZON if starts_at >= rules.bookable_until else None


def _note_of(slot: OwnSlot, offer: Offer) -> str:
    """The name of the closure, or the reason of the time off, that blocks a time."""
    if slot.blocked_by == BlockedBy.CLOSURE:
        names = zip(offer.closed(), (closed.name for closed in offer.closures), strict=True)
        return next((name for interval, name in names if Intervals([interval]).overlap(*slot[1:3])), "")
    if slot.blocked_by == BlockedBy.TIME_OFF:
        away = (each for each in offer.time_off if not each.single)
        return next((each.note for each in away if Intervals([each[:2]]).overlap(*slot[1:3])), "")
    return ""


def _of_plan(day: Day) -> Iterator[Hidden]:
    """What the plan says of the time that no stored slot takes."""
    taken = Intervals(slot[1:3] for slot in day.slots)
    for hidden in day.plan.hidden:
        yield from (hidden._replace(starts_at=s, ends_at=e) for s, e in _without(hidden[:2], taken.in_order))
    for planned in day.plan.slots:
        if taken.overlap(*planned[:2]):
            rests = _without(planned[:2], taken.in_order)
            yield from (Hidden(*rest, Reason.OVERLAP) for rest in rests)
        else:
            yield Hidden(*planned[:2], _not_made(planned, day))


def _not_made(planned: PlannedSlot, day: Day) -> Reason:
    return _of_the_doctor(day.doctor) or _of_the_moment(planned.starts_at, day.rules) or Reason.BEING_MADE


def _without(interval: Interval, taken: Sequence[Interval]) -> Iterator[Interval]:
    """What is left of an interval; an empty one stays."""
    starts_at, ends_at = interval
    if starts_at == ends_at:
        yield interval
        return
    for first, last in taken:
        if first >= ends_at or last <= starts_at:
            continue
        if starts_at < first:
            yield starts_at, first
        starts_at = last
    if starts_at < ends_at:
        yield starts_at, ends_at


def _cut(hidden: Hidden, starts_at: datetime, ends_at: datetime) -> Hidden:
    return hidden._replace(starts_at=max(hidden.starts_at, starts_at), ends_at=min(hidden.ends_at, ends_at))


# -- in words ------------------------------------------------------------------------------------------------------


def _explained(day: Day, hidden: Hidden) -> Explained:
    return Explained(hidden.starts_at, hidden.ends_at, hidden.reason, _words(day, hidden))


def _words(day: Day, hidden: Hidden) -> str:
    if hidden.reason == Reason.MINIMUM_NOTICE:
        return f"Starts in less than {day.rules.notice_words}"
    if hidden.reason == Reason.BEYOND_HORIZON:
        return f"More than {day.rules.horizon_words} ahead"
    if hidden.reason == Reason.CLOCK_CHANGE and hidden.starts_at == hidden.ends_at:
        return f"The clocks go forward: {hidden.note} doesn’t exist on this day"
    if hidden.reason == Reason.CLOCK_CHANGE:
        return f"The clocks go back: {hidden.note} happens twice, and only the first is offered"
    if hidden.reason == Reason.OUTSIDE_HOURS and not day.offer.schedules:
        return "No weekly hours are set"
    return f"{WORDS[hidden.reason]}: {hidden.note}" if hidden.note else WORDS[hidden.reason]
