"""What has to change in a doctor's slots so that they are as the plan says. Pure: it compares, and writes nothing."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from hms.availability.models import BlockedBy, Origin, SlotStatus
from hms.availability.plan import Plan, PlannedSlot, Reason

Interval = tuple[datetime, datetime]
BOOKED = (SlotStatus.BUSY, SlotStatus.BUSY_TENTATIVE)
IN_HOURS = (Reason.TIME_OFF, Reason.CLOSURE, Reason.REMOVED)


class OwnSlot(NamedTuple):
    """A slot as it is stored."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    status: str
    mode: str
    origin: str
    blocked_by: str | None


class State(NamedTuple):
    """How a slot that nobody has booked should stand."""

    status: str
    blocked_by: str | None
    mode: str


class Around(NamedTuple):
    """What takes times away: time off, closures, and what the doctor does elsewhere, each in order and joined."""

    away: "Intervals"
    closed: "Intervals"
    busy: "Intervals"


class Changes(NamedTuple):
    """Slots to add, to remove and to mark anew; how many of the schedule stay as they are; and what was planned but
    overlaps something that stays."""

    added: list[PlannedSlot]
    removed: list[OwnSlot]
    marked: dict[State, list[UUID]]
    kept: int
    skipped: list[PlannedSlot]


class Intervals:
    """Intervals of time, in order and joined, that can be asked for an overlap quickly."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        joined: list[Interval] = []
        for starts_at, ends_at in sorted(intervals):
            if joined and starts_at <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], ends_at))
            else:
                joined.append((starts_at, ends_at))
        self.in_order = joined
        self._starts = [starts_at for starts_at, _ in joined]

    def overlap(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether any of them shares time with ``[starts_at, ends_at)``."""
        before_the_end = bisect_left(self._starts, ends_at)
        return before_the_end > 0 and self.in_order[before_the_end - 1][1] > starts_at


def diff(slots: Sequence[OwnSlot], plan: Plan, *, around: Around, now: datetime, add_until: datetime) -> Changes:
    """What makes these slots equal to the plan. What is booked, or has begun, stays whatever the plan says.

    Times are added up to ``add_until``; what is there beyond stays as long as it is planned.
    """
    planned = {slot[:2]: slot for slot in plan.slots if slot.starts_at > now}
    in_hours = Intervals(
        [slot[:2] for slot in plan.slots] + [each[:2] for each in plan.hidden if each.reason in IN_HOURS]
    )
    staying: list[OwnSlot] = []
    removed: list[OwnSlot] = []
    marked: dict[State, list[UUID]] = defaultdict(list)
    for slot in slots:
        wanted = planned.get(slot[1:3]) if slot.origin == Origin.SCHEDULE else None
        if slot.starts_at > now and _is_superfluous(slot, wanted, in_hours):
            removed.append(slot)
            continue
        staying.append(slot)
        if slot.starts_at > now and slot.status not in BOOKED:
            state = _state(slot, wanted, around)
            if state != (slot.status, slot.blocked_by, slot.mode):
                marked[state].append(slot.id)
    kept = {slot[1:3] for slot in staying if slot.origin == Origin.SCHEDULE} & planned.keys()
    taken = Intervals(slot[1:3] for slot in staying)
    lacking = [slot for key, slot in planned.items() if key not in kept and slot.starts_at < add_until]
    skipped = [slot for slot in lacking if taken.overlap(*slot[:2])]
    added = [slot for slot in lacking if not taken.overlap(*slot[:2])]
    return Changes(added, removed, dict(marked), len(kept), skipped)


def _is_superfluous(slot: OwnSlot, wanted: PlannedSlot | None, in_hours: Intervals) -> bool:
    """Whether the schedule made it and would not make it again. What the doctor blocked stays blocked within the hours,
    although visits may follow each other differently by now."""
    if slot.origin != Origin.SCHEDULE or slot.status in BOOKED or wanted is not None:
        return False
    return slot.blocked_by != BlockedBy.DOCTOR or not in_hours.overlap(*slot[1:3])


def _state(slot: OwnSlot, wanted: PlannedSlot | None, around: Around) -> State:
    mode = wanted.mode if wanted else slot.mode
    if slot.blocked_by == BlockedBy.DOCTOR:
        return State(SlotStatus.BUSY_UNAVAILABLE, BlockedBy.DOCTOR, mode)
    return state_of(slot[1:3], mode, around, is_planned=wanted is not None)


def state_of(interval: Interval, mode: str, around: Around, *, is_planned: bool) -> State:
    """How a time stands that the doctor has not blocked. Of a planned one, time off and closures are none: they made it
    vanish from the plan."""
    if not is_planned and around.closed.overlap(*interval):
        return State(SlotStatus.BUSY_UNAVAILABLE, BlockedBy.CLOSURE, mode)
    if not is_planned and around.away.overlap(*interval):
        return State(SlotStatus.BUSY_UNAVAILABLE, BlockedBy.TIME_OFF, mode)
    if around.busy.overlap(*interval):
        return State(SlotStatus.BUSY_UNAVAILABLE, BlockedBy.CALENDAR, mode)
    return State(SlotStatus.FREE, None, mode)
