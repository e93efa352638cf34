"""Making a doctor's slots equal to the plan, as often as anybody likes. A booked slot is never touched here.

Only one change of a doctor's times happens at a time (:func:`lock_offer`). Bookings go on meanwhile, so that every
statement that removes or marks slots asks once more whether they are still nobody's.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from flask import current_app
from sqlalchemy import ARRAY, DateTime, Select, String, Uuid, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import clock
from hms.auth.models import Doctor, User
from hms.availability import booking_rules
from hms.availability.models import BusyTime, DoctorPlan, Origin, Schedule, Slot, SlotStatus
from hms.availability.plan import Plan, PlannedSlot
from hms.availability.queries import offers
from hms.availability.queries.offers import Offer
from hms.availability.reach import MAX_AHEAD
from hms.availability.reconcile import Around, Changes, Intervals, OwnSlot, State, diff, state_of
from hms.db import new_id, transaction

DAY = timedelta(days=1)
AT_ONCE = 1000
"""How many times one statement writes: some tenths of a second, where ``statement_timeout`` is five."""

TRY_AGAIN = timedelta(minutes=5)
"""After how long a plan is tried again that could not be made."""

UNBOOKED = (SlotStatus.FREE, SlotStatus.BUSY_UNAVAILABLE)


Thing = TypeVar("Thing")


class Range(NamedTuple):
    """Days on the clinic's wall, both included."""

    first_day: date
    last_day: date


def refresh_plan(doctor_id: UUID) -> Changes:
    """Make the doctor's slots equal to the plan, from now to the booking horizon, and answer what that changed."""
    with transaction() as session:
        lock_offer(session, doctor_id)
        return reconcile(session, doctor_id)


def refresh_next() -> int:
    """Refresh the plan that has waited longest, if one waits and nobody else is at it; answers how many (0 or 1).

    One that cannot be made is said once, and tried again in a while: it keeps no other waiting.
    """
    doctor_id = None
    try:
        with transaction() as session:
            doctor_id = session.scalar(_longest_waiting())
            if doctor_id is None:
                return 0
            reconcile(session, doctor_id)
    except Exception as error:
        if doctor_id is None:
            raise
        _put_off(doctor_id, f"the slots couldn’t be made ({type(error).__name__})")
    return 1


def extend_plans() -> int:
    """Have every plan looked at that does not reach its horizon any more, and forget what was long ago; how many."""
    with transaction() as session:
        session.execute(delete(BusyTime).where(BusyTime.ends_at < clock.now() - DAY))
        return mark_stale(session, _behind_the_horizon(session))


def undo_plans_to_come() -> int:
    """Have plans looked at that reach beyond their horizon, as a clock that ran ahead makes them: how many there are.

    Between where they ended before and where they began then, days without times would come.
    """
    with transaction() as session:
        made = session.execute(select(DoctorPlan.doctor_id, DoctorPlan.planned_to))
        planned_to = {row.doctor_id: row.planned_to for row in made if row.planned_to is not None}
        rules = booking_rules.read_ahead(planned_to)
        latest = clock.today() + DAY
        ahead = [each for each, day in planned_to.items() if day > latest + rules[each].horizon_days * DAY]
        return mark_stale(session, ahead) if ahead else 0


def mark_stale(session: Session, doctor_ids: Sequence[UUID] | None = None) -> int:
    """Have the worker look at these doctors' plans soon, or at everybody's; answers how many there are."""
    whose = select(Doctor.id, literal(clock.now())).order_by(
        Doctor.id
    )  # in one order, so that two do not wait crosswise
    if doctor_ids is not None:
        whose = whose.where(Doctor.id.in_(doctor_ids))
    statement = insert(DoctorPlan).from_select(["doctor_id", "stale_since"], whose)
    anew = {"stale_since": statement.excluded.stale_since}
    marked = session.execute(statement.on_conflict_do_update(index_elements=["doctor_id"], set_=anew))
    return int(marked.rowcount)  # type: ignore[attr-defined]  # an INSERT's result has it


def lock_offer(session: Session, doctor_id: UUID) -> None:
    """One change of a doctor's times at a time; bookings of the doctor go on meanwhile."""
    session.execute(select(Doctor.id).where(Doctor.id == doctor_id).with_for_update(key_share=True))


def reconcile(session: Session, doctor_id: UUID, *, only: Range | None = None) -> Changes:
    """Make the slots of a locked offer equal to its plan, or those of some days alone; what that changed.

    The plan of all days reaches as far as the doctor has room for times; of some days, as far as that plan was made.
    """
    plan = session.execute(
        select(DoctorPlan.stale_since, DoctorPlan.planned_to, DoctorPlan.problem).where(
            DoctorPlan.doctor_id == doctor_id
        )
    ).one_or_none()
    offer = offers.load_offer(doctor_id, since=clock.now())
    if only is not None:
        made_to = plan.planned_to if plan and plan.planned_to else offer.last_day
        return _apply(session, doctor_id, _compare_days(doctor_id, offer, only, made_to), around(offer))
    changes, planned_to, limit = compare(doctor_id, offer)
    done = _apply(session, doctor_id, changes, around(offer))
    problem = _too_many(offer) if planned_to < offer.last_day and limit == MAX_AHEAD else None
    if problem and not (plan and plan.problem == problem):
        current_app.logger.error("the times of doctor %s end on %s: %s", doctor_id, planned_to, problem)
    _note(session, doctor_id, planned_to=planned_to, seen=plan.stale_since if plan else None, problem=problem)
    return done


class Compared(NamedTuple):
    """What would have to change, up to which day times are made, and how many the doctor can have ahead."""

    changes: Changes
    made_to: date
    limit: int


def compare(doctor_id: UUID, offer: Offer) -> Compared:
    """What would have to change in the doctor's slots to be as this offer plans; writes nothing."""
    now, limit = clock.now(), offers.room_of(doctor_id).limit
    slots = offers.own_slots(doctor_id, since=now)
    by_hand = sum(slot.origin != Origin.SCHEDULE for slot in slots)
    last_day = offer.reaches(_last_day(offer, slots), room=limit - by_hand)
    plan = offer.plan(clock.today(), last_day) if last_day >= clock.today() else Plan([], [])
    made_to = min(offer.last_day, last_day)
    until = clock.start_of_day(made_to + DAY)
    changes = diff(slots, plan, around=around(offer), now=now, add_until=until)
    return Compared(changes, made_to, limit)


def _compare_days(doctor_id: UUID, offer: Offer, days: Range, made_to: date) -> Changes:
    now = clock.now()
    starts_at, ends_at = offers.closed_interval(*days)
    slots = offers.own_slots(doctor_id, since=max(starts_at, now), until=ends_at)
    until = clock.start_of_day(min(offer.last_day, made_to, days.last_day) + DAY)
    return diff(slots, offer.plan(*days), around=around(offer), now=now, add_until=until)


def _too_many(offer: Offer) -> str:
    return f"the hours make {offer.number_of_times():,} times in {offer.horizon_days} days, and {MAX_AHEAD:,} fit"


def days_of(starts_at: datetime, ends_at: datetime) -> Range:
    """The days on the clinic's wall that an interval touches."""
    last_moment = max(ends_at - timedelta(microseconds=1), starts_at)
    return Range(clock.to_clinic(starts_at).date(), clock.to_clinic(last_moment).date())


def around(offer: Offer) -> Around:
    """What takes times away, ready to be asked."""
    return Around(Intervals(offer.away()), Intervals(offer.closed()), Intervals(offer.busy))


def _last_day(offer: Offer, slots: Sequence[OwnSlot]) -> date:
    """Slots that were made for a longer horizon are looked at as well."""
    made = [slot.starts_at for slot in slots if slot.origin == Origin.SCHEDULE]
    return max(offer.last_day, clock.to_clinic(max(made)).date()) if made else offer.last_day


# -- writing -------------------------------------------------------------------------------------------------------


def _apply(session: Session, doctor_id: UUID, wanted: Changes, takes_away: Around) -> Changes:
    """Write the changes, and answer those that came about: what was booked at the same moment stays."""
    gone = _remove(session, [slot.id for slot in wanted.removed])
    for state, slot_ids in wanted.marked.items():
        for some in in_batches(slot_ids):
            session.execute(
                update(Slot)
                .where(Slot.id.in_(some), Slot.status.in_(UNBOOKED))
                .values(**state._asdict())
                .execution_options(synchronize_session=False)
            )
    there: set[datetime] = set()
    for batch in in_batches(wanted.added):
        there |= _add(session, doctor_id, batch, takes_away)
    return wanted._replace(
        added=[slot for slot in wanted.added if slot.starts_at in there],
        removed=[slot for slot in wanted.removed if slot.id in gone],
    )


def in_batches(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """Parts that one statement writes in a fraction of its time limit."""
    for first in range(0, len(things), AT_ONCE):
        yield things[first : first + AT_ONCE]


def _remove(session: Session, slot_ids: Sequence[UUID]) -> set[UUID]:
    """Those that were still nobody's at the moment of removal."""
    gone: set[UUID] = set()
    for some in in_batches(slot_ids):
        statement = delete(Slot).where(Slot.id.in_(some), Slot.status.in_(UNBOOKED)).returning(Slot.id)
        gone |= set(session.scalars(statement.execution_options(synchronize_session=False)))
    return gone


def _add(session: Session, doctor_id: UUID, planned: Sequence[PlannedSlot], takes_away: Around) -> set[datetime]:
    """The starts of those that the database took; the others overlap what is there (``ex_slots_doctor_overlap``)."""
    states = [state_of(slot[:2], slot.mode, takes_away, is_planned=True) for slot in planned]
    columns: dict[str, tuple[list[Any], Any]] = {
        "id": ([new_id() for _ in planned], Uuid),
        "starts_at": ([slot.starts_at for slot in planned], DateTime(timezone=True)),
        "ends_at": ([slot.ends_at for slot in planned], DateTime(timezone=True)),
        **{name: ([getattr(state, name) for state in states], String) for name in State._fields},
    }
    arrays = (literal(values, ARRAY(kind)) for values, kind in columns.values())
    rows = func.unnest(*arrays).table_valued(*columns).render_derived()
    fixed = {"doctor_id": literal(doctor_id), "origin": literal(str(Origin.SCHEDULE))}
    source = select(*rows.c, *fixed.values())
    statement = insert(Slot).from_select([*columns, *fixed], source).on_conflict_do_nothing().returning(Slot.starts_at)
    return set(session.scalars(statement))


def _note(
    session: Session, doctor_id: UUID, *, planned_to: date, seen: datetime | None, problem: str | None = None
) -> None:
    """How far the plan reaches now. Whoever asked for another look meanwhile gets one."""
    values = {"planned_to": planned_to, "problem": problem}
    statement = insert(DoctorPlan).values(doctor_id=doctor_id, **values)
    still = func.nullif(DoctorPlan.stale_since, literal(seen, DateTime(timezone=True)))
    set_ = {**values, "stale_since": still}
    session.execute(statement.on_conflict_do_update(index_elements=["doctor_id"], set_=set_))


# -- the worker ----------------------------------------------------------------------------------------------------


def _longest_waiting() -> Select:
    return (
        select(Doctor.id)
        .join(DoctorPlan, DoctorPlan.doctor_id == Doctor.id)
        .where(DoctorPlan.stale_since <= clock.now())
        .order_by(DoctorPlan.stale_since)
        .limit(1)
        .with_for_update(of=Doctor, key_share=True, skip_locked=True)
    )


def _put_off(doctor_id: UUID, problem: str) -> None:
    """A plan that cannot be made does not keep the others waiting; what is wrong is said when it is new."""
    with transaction() as session:
        known = session.scalar(select(DoctorPlan.problem).where(DoctorPlan.doctor_id == doctor_id))
        if known != problem:
            current_app.logger.error("the plan of doctor %s waits, the others go first: %s", doctor_id, problem)
        later = update(DoctorPlan).where(DoctorPlan.doctor_id == doctor_id)
        later = later.values(problem=problem, stale_since=clock.now() + TRY_AGAIN)
        session.execute(later.execution_options(synchronize_session=False))


def _behind_the_horizon(session: Session) -> list[UUID]:
    """Doctors with schedules whose slots were not made up to today's horizon; closed accounts need none."""
    today = clock.today()
    made = select(Schedule.doctor_id, DoctorPlan.planned_to).distinct()
    made = made.outerjoin(DoctorPlan, DoctorPlan.doctor_id == Schedule.doctor_id)
    made = made.join(Doctor, Schedule.doctor_id == Doctor.id).join(User, Doctor.user_id == User.id)
    made = made.where(User.deactivated_at.is_(None))
    made = made.where(or_(Schedule.valid_until.is_(None), Schedule.valid_until >= today - DAY))
    planned_to = {row.doctor_id: row.planned_to or date.min for row in session.execute(made)}
    rules = booking_rules.read_ahead(planned_to)
    return [doctor_id for doctor_id, day in planned_to.items() if day < today + rules[doctor_id].horizon_days * DAY]
