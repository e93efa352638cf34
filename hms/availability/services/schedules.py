"""Weekly hours: a doctor sets, changes, ends and removes them. Each can be looked at before; what is booked stays."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from hms import audit, clock
from hms.auth.models import Doctor
from hms.availability import queries
from hms.availability.models import Mode, Schedule, ScheduleHours
from hms.availability.plan import HoursDraft, PlannedSlot, ScheduleDraft
from hms.availability.queries import offers
from hms.availability.queries.offers import Offer
from hms.availability.reconcile import Changes, OwnSlot
from hms.availability.refusals import PreviewOutdated, ScheduleOverlap
from hms.availability.services.planning import compare, lock_offer, reconcile
from hms.availability.services.room import check_hours
from hms.availability.visits import BookedTime
from hms.db import new_id, transaction
from hms.errors import Invalid, NotFound
from hms.labels import WEEKDAYS

DAY = timedelta(days=1)
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 8 * 60
MAX_HOURS = 70
"""Ten intervals a day."""


Drafts = list[ScheduleDraft]


class Preview(NamedTuple):
    """What a change of the hours does to the doctor's times: those added, those removed, how many of the schedule stay,
    those left out because another time is there; and the visits to come that do not fit (they stay).

    ``token`` stands for the hours as they were and those visits: saving with it saves nothing when either has changed.
    """

    added: list[PlannedSlot]
    removed: list[OwnSlot]
    kept: int
    skipped: list[PlannedSlot]
    no_longer_fit: list[BookedTime]
    token: str


def preview_schedule(doctor: Doctor, draft: ScheduleDraft) -> Preview:
    """What :func:`save_schedule` would do now; writes nothing, and refuses what that would refuse."""
    check(draft)
    return _preview(doctor, lambda schedules: with_draft(schedules, draft), adds=True)


def save_schedule(doctor: Doctor, draft: ScheduleDraft, *, preview_token: str | None = None) -> Preview:
    """Keep the hours as new ones, or (with ``schedule_id``) in place of earlier ones, and make the doctor's times so.

    Hours until further notice end on the day before new ones start. ``preview_token`` is that of the look before.
    Raises :class:`PreviewOutdated`, :class:`ScheduleOverlap`, ``Invalid``, ``NotFound``.
    """
    check(draft)
    return _save(doctor, lambda schedules: with_draft(schedules, draft), preview_token, adds=True)


def preview_end(schedule_id: UUID, *, doctor: Doctor, last_day: date) -> Preview:
    """What :func:`end_schedule` would do now; writes nothing."""
    return _preview(doctor, lambda schedules: _ended(schedules, schedule_id, last_day))


def end_schedule(schedule_id: UUID, *, doctor: Doctor, last_day: date, preview_token: str | None = None) -> Preview:
    """Have the hours end with ``last_day``. Raises as :func:`save_schedule` does."""
    return _save(doctor, lambda schedules: _ended(schedules, schedule_id, last_day), preview_token)


def preview_deletion(schedule_id: UUID, *, doctor: Doctor) -> Preview:
    """What :func:`delete_schedule` would do now; writes nothing."""
    return _preview(doctor, lambda schedules: _without(schedules, schedule_id))


def delete_schedule(schedule_id: UUID, *, doctor: Doctor, preview_token: str | None = None) -> Preview:
    """Remove the hours, and the free times that they made. Raises :class:`PreviewOutdated`, ``NotFound``."""
    return _save(doctor, lambda schedules: _without(schedules, schedule_id), preview_token)


def _preview(doctor: Doctor, change: Callable[[Drafts], Drafts], *, adds: bool = False) -> Preview:
    offer = offers.load_offer(doctor.id, since=clock.now())
    before = offer.schedules
    offer = offer._replace(schedules=change(before))
    if adds:
        check_hours(doctor, offer)
    return _as_preview(doctor, offer, compare(doctor.id, offer).changes, before=before)


def _save(
    doctor: Doctor, change: Callable[[Drafts], Drafts], preview_token: str | None, *, adds: bool = False
) -> Preview:
    with transaction(conflicts={"ex_schedules_doctor_overlap": ScheduleOverlap()}) as session:
        lock_offer(session, doctor.id)
        offer = offers.load_offer(doctor.id, since=clock.now())
        before, after = offer.schedules, change(offer.schedules)
        if adds:
            check_hours(doctor, offer._replace(schedules=after))
        _write(session, doctor.id, before=before, after=after)
        audit.record("hours-changed", subject=("doctor", doctor.id))
        done = reconcile(session, doctor.id)
        preview = _as_preview(doctor, offers.load_offer(doctor.id, since=clock.now()), done, before=before)
        if preview_token is not None and preview_token != preview.token:
            raise PreviewOutdated  # which takes back all of the above
        return preview


def _as_preview(doctor: Doctor, offer: Offer, changes: Changes, *, before: Drafts) -> Preview:
    out_of_hours = queries.out_of_hours(doctor.id, offer)
    return Preview(
        changes.added, changes.removed, changes.kept, changes.skipped, out_of_hours, _token(before, out_of_hours)
    )


def _token(before: Drafts, out_of_hours: Sequence[BookedTime]) -> str:
    seen = repr((before, [str(visit.id) for visit in out_of_hours]))
    return sha256(seen.encode()).hexdigest()[:32]


# -- what the doctor's hours become --------------------------------------------------------------------------------


def with_draft(schedules: Drafts, draft: ScheduleDraft) -> Drafts:
    """The schedules with the new or changed one; hours until further notice end before it. Pure.

    Raises :class:`ScheduleOverlap`, and ``NotFound`` for a change of a schedule that is not among them.
    """
    if draft.schedule_id is not None:
        _find(schedules, draft.schedule_id)
    others = [each for each in schedules if each.schedule_id != draft.schedule_id]
    others = [_making_way(each, draft) for each in others]
    for other in others:
        if _overlap(other, draft):
            raise ScheduleOverlap
    return sorted([*others, draft], key=lambda each: each.valid_from)


def _making_way(other: ScheduleDraft, draft: ScheduleDraft) -> ScheduleDraft:
    if other.valid_until is None and other.valid_from < draft.valid_from:
        return other._replace(valid_until=draft.valid_from - DAY)
    return other


def _overlap(one: ScheduleDraft, other: ScheduleDraft) -> bool:
    last, others_last = one.valid_until or date.max, other.valid_until or date.max
    return one.valid_from <= others_last and other.valid_from <= last


def _ended(schedules: Drafts, schedule_id: UUID, last_day: date) -> Drafts:
    schedule = _find(schedules, schedule_id)
    if last_day < schedule.valid_from:
        raise Invalid(
            "The last day must be on or after the first. To stop these hours, delete them.", field="valid_until"
        )
    return with_draft(schedules, schedule._replace(valid_until=last_day))


def _without(schedules: Drafts, schedule_id: UUID) -> Drafts:
    gone = _find(schedules, schedule_id)
    return [each for each in schedules if each is not gone]


def _find(schedules: Drafts, schedule_id: UUID) -> ScheduleDraft:
    for schedule in schedules:
        if schedule.schedule_id == schedule_id:
            return schedule
    raise NotFound("We can’t find these hours. They may have been deleted.")


# -- what can be asked for -----------------------------------------------------------------------------------------


def check(draft: ScheduleDraft) -> None:
    """Raise ``Invalid`` with a sentence for hours that cannot be kept."""
    if not clock.FIRST_DAY <= draft.valid_from <= (draft.valid_until or draft.valid_from) <= clock.LAST_DAY:
        raise Invalid("The last day must be on or after the first, in the years 2000 to 2099.", field="valid_until")
    if draft.timezone is not None and draft.timezone not in clock.known_zones():
        raise Invalid("Choose a time zone from the list.", field="timezone")
    if not draft.hours:
        raise Invalid("Add hours on at least one day.")
    if len(draft.hours) > MAX_HOURS:
        raise Invalid(f"That’s more than {MAX_HOURS} rows of hours.")
    for hours in draft.hours:
        _check_hours(hours)
    _check_order(draft.hours)


def _check_hours(hours: HoursDraft) -> None:
    if not 0 <= hours.weekday <= 6 or hours.mode not in set(Mode):
        raise Invalid
    day = WEEKDAYS[hours.weekday]
    if not 0 <= hours.start_minute < hours.end_minute <= 24 * 60:
        raise Invalid(f"{day}: the end must be after the start.")
    if not SHORTEST_MINUTES <= hours.visit_minutes <= LONGEST_MINUTES:
        raise Invalid(f"{day}: a visit must be between 5 minutes and 8 hours.")
    if hours.gap_minutes is not None and not 0 <= hours.gap_minutes <= LONGEST_MINUTES:
        raise Invalid(f"{day}: a gap can be 8 hours at most.")
    if hours.end_minute - hours.start_minute < hours.visit_minutes:
        raise Invalid(f"{day}: these hours are too short for a visit of {hours.visit_minutes} minutes.")


def _check_order(hours: Sequence[HoursDraft]) -> None:
    in_order = sorted(hours, key=lambda each: (each.weekday, each.start_minute))
    for one, following in pairwise(in_order):
        if one.weekday == following.weekday and one.end_minute > following.start_minute:
            raise Invalid(f"{WEEKDAYS[one.weekday]}: some of these hours overlap.")


# -- writing -------------------------------------------------------------------------------------------------------


def _write(session: Session, doctor_id: UUID, *, before: Drafts, after: Drafts) -> None:
    """Make the rows so; what ends or goes makes way before anything else is written."""
    stored = {each.schedule_id: each for each in before}
    staying = {each.schedule_id for each in after}
    if gone := [each for each in stored if each not in staying]:
        session.execute(delete(Schedule).where(Schedule.id.in_(gone)).execution_options(synchronize_session=False))
    for draft in after:
        if draft.schedule_id is None:
            _write_hours(session, _insert(session, doctor_id, draft), draft)
        elif draft != stored[draft.schedule_id]:
            _update(session, draft)
            _write_hours(session, draft.schedule_id, draft)


def _insert(session: Session, doctor_id: UUID, draft: ScheduleDraft) -> UUID:
    schedule_id = new_id()
    session.execute(insert(Schedule).values(id=schedule_id, doctor_id=doctor_id, **_columns(draft)))
    return schedule_id


def _update(session: Session, draft: ScheduleDraft) -> None:
    statement = update(Schedule).where(Schedule.id == draft.schedule_id).values(**_columns(draft))
    session.execute(statement.execution_options(synchronize_session=False))


def _columns(draft: ScheduleDraft) -> dict[str, object]:
    return {"valid_from": draft.valid_from, "valid_until": draft.valid_until, "timezone": draft.timezone}


def _write_hours(session: Session, schedule_id: UUID, draft: ScheduleDraft) -> None:
    own = delete(ScheduleHours).where(ScheduleHours.schedule_id == schedule_id)
    session.execute(own.execution_options(synchronize_session=False))
    rows = [{"id": new_id(), "schedule_id": schedule_id, **hours._asdict()} for hours in draft.hours]
    session.execute(insert(ScheduleHours), rows)
