"""One doctor as patients see one: who it is, the rules, the soonest times, and the week that a page opens with."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    lateral,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import LateralFromClause

from hms import clock
from hms.auth.models import Doctor, Specialty, User
from hms.availability import booking_rules
from hms.availability.booking_rules import BookingRules, ClockChanges, Window
from hms.availability.models import Closure, Mode, Slot
from hms.availability.queries.slots import FreeTime, Week, takes_place, times_between, week_of
from hms.directory.queries.search import soonest_times
from hms.errors import NotFound
from hms.prepared import Errand, Prepared

WEEK = timedelta(days=7)
WEEK_HOURS = 7 * 24


class DoctorFacts(NamedTuple):
    """What patients may know of a doctor. ``fee_minor`` is in the smallest unit of the currency."""

    id: UUID
    full_name: str
    specialty: str
    specialty_slug: str
    bio: str
    room: str
    languages: str
    visit_minutes: int
    years_of_experience: int
    fee_minor: int | None
    fee_currency: str
    photo_version: str | None


class DoctorProfile(NamedTuple):
    """A doctor with everything that patients may know: the rules too, and the soonest time for each kind of visit."""

    doctor: DoctorFacts
    rules: BookingRules
    in_person: FreeTime | None
    online: FreeTime | None

    @property
    def earliest(self) -> FreeTime | None:
        """The soonest bookable time of all."""
        both = [time for time in (self.in_person, self.online) if time]
        return min(both, key=lambda time: time.starts_at) if both else None


class DoctorWithWeek(NamedTuple):
    """A doctor, and the times of the week that is most likely wanted: from ``first`` on, for seven times 24 hours."""

    profile: DoctorProfile
    first: datetime
    times: str
    closures: str = ""

    def closed_on(self, days: Iterable[date]) -> dict[date, str]:
        """Why the clinic is closed, by day, of those days on which it is."""
        spans = [line.split(" ", 2) for line in self.closures.splitlines()]
        return {day: name for day in days for first, last, name in spans if first <= day.isoformat() <= last}

    def week(self, first: date, mode: Mode | None) -> Week:
        """The seven days from ``first`` on, in clinic time; those that did not come along are asked for now.

        ``mode`` is the kind of visit that the times are for, None where the doctor offers but one.
        """
        if clock.start_of_day(first) == self.first and clock.start_of_day(first + WEEK) == self.first + WEEK:
            return Week(first, self.times)
        return week_of(self.profile.doctor.id, first, rules=self.profile.rules, mode=mode)


def get_bookable_doctor(doctor_id: UUID) -> DoctorProfile:
    """A doctor whom patients can find; a pending or deactivated one is not found."""
    return _found(_profile(booking_rules.changes_ahead()).first(doctor_id=doctor_id, **booking_rules.moments()))


def get_doctor_with_week(
    doctor_id: UUID, *, day: date | None, visit: Mode | None, along: Errand | None = None
) -> DoctorWithWeek:
    """The same, with the week of ``day``, or else of the soonest time; an errand comes along.

    Where the doctor offers both kinds of visit, times and week are those for ``visit``, in person by default.
    """
    row = _profile_with_week(booking_rules.changes_ahead()).first(
        along,
        doctor_id=doctor_id,
        today=clock.start_of_day(clock.today()),
        closed_since=clock.today(),
        asked=clock.start_of_day(day) if day else None,
        wants_online=visit == Mode.ONLINE,
        **booking_rules.moments(),
    )
    return DoctorWithWeek(_found(row), row.first, row.times, row.closures)


def _found(row: Any) -> DoctorProfile:
    if row is None:
        raise NotFound("We can’t find this doctor.")
    times = len(FACTS) + len(booking_rules.COLUMNS)
    in_person, online = row[times : times + 4], row[times + 4 : times + 8]
    free = [FreeTime(*one) if one[0] else None for one in (in_person, online)]
    return DoctorProfile(DoctorFacts(*row[: len(FACTS)]), booking_rules.of_row(row), *free)


@lru_cache(maxsize=4)
def _profile(changes: ClockChanges) -> Prepared:
    return Prepared(_doctor(booking_rules.window(changes))[0])


@lru_cache(maxsize=4)
def _profile_with_week(changes: ClockChanges) -> Prepared:
    window = booking_rules.window(changes)
    doctor, in_person, online = _doctor(window)
    has_both = in_person.c.id.is_not(None) & online.c.id.is_not(None)
    wants_online = has_both & bindparam("wants_online", type_=Boolean)
    soonest = case((wants_online, online.c.starts_at), else_=func.coalesce(in_person.c.starts_at, online.c.starts_at))
    first = _start_of_week(func.coalesce(booking_rules.moment("asked"), soonest, booking_rules.moment("now")))
    begins = lateral(select(first.label("first")).correlate(in_person, online))
    is_wanted = case((wants_online, takes_place(Mode.ONLINE)), (has_both, takes_place(Mode.IN_PERSON)), else_=true())
    times = times_between(begins.c.first, begins.c.first + booking_rules.hours(WEEK_HOURS), window)
    week = lateral(times.where(Slot.doctor_id == Doctor.id, is_wanted))
    columns = (begins.c.first, week.c.times, _closures().label("closures"))
    return Prepared(doctor.add_columns(*columns).join(begins, true()).join(week, true()))


def _closures() -> ScalarSelect[str]:
    """When the clinic is closed from today on and why: a line for each time, with its first and its last day."""
    line = func.concat_ws(literal(" ", Text), cast(Closure.first_day, Text), cast(Closure.last_day, Text), Closure.name)
    lines = func.string_agg(line, aggregate_order_by(literal("\n", Text), Closure.first_day))
    ahead = select(func.coalesce(lines, "")).where(Closure.last_day >= bindparam("closed_since", type_=Date))
    return ahead.scalar_subquery()


def _start_of_week(moment: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """When the seven days begin that a moment lies in, counted from today, if the clocks do not change meanwhile."""
    today = booking_rules.moment("today")
    weeks = cast(func.floor(func.date_part("epoch", moment - today) / WEEK.total_seconds()), Integer)
    return today + booking_rules.hours(weeks * WEEK_HOURS)


def _doctor(window: Window) -> tuple[Select[Any], LateralFromClause, LateralFromClause]:
    """The doctor with the rules and the soonest times, and these times, for each kind of visit."""
    own = Slot.doctor_id == Doctor.id
    in_person, online = (soonest_times(own, window, takes_place(mode)) for mode in (Mode.IN_PERSON, Mode.ONLINE))
    doctors = select(*FACTS, *booking_rules.COLUMNS, *in_person.c, *online.c).select_from(Doctor)
    doctors = doctors.join(User, Doctor.user_id == User.id).join(Specialty, Doctor.specialty_id == Specialty.id)
    found = (
        booking_rules.joined(doctors, doctor_id=Doctor.id)
        .outerjoin(in_person, true())
        .outerjoin(online, true())
        .where(Doctor.id == bindparam("doctor_id"), Doctor.is_bookable)
    )
    return found, in_person, online


FACTS = (
    Doctor.id,
    User.full_name,
    Specialty.name,
    Specialty.slug,
    Doctor.bio,
    Doctor.room,
    Doctor.languages,
    Doctor.visit_minutes,
    Doctor.years_of_experience,
    Doctor.fee_minor,
    Doctor.fee_currency,
    Doctor.photo_version,
)
"""The columns of :class:`DoctorFacts`."""
