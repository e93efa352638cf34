"""The clinic's rules about booking and cancelling, each doctor's own where they differ, and what follows from them.

A rule is looked up anew in every transaction that depends on it. Pages read it by at most one statement, which is kept
for the request; where a statement reads doctors or slots anyway, :func:`joined` brings the rules along.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import g, has_request_context
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Interval,
    Row,
    Select,
    Uuid,
    bindparam,
    case,
    func,
    select,
)

from hms import clock
from hms.availability.models import StoredRules
from hms.prepared import Prepared

DAY = timedelta(days=1)
LONGEST_HORIZON_DAYS = 730
NAMES = (
    *("minimum_notice_minutes", "horizon_days", "cancellation_hours", "change_window_minutes", "most_changes"),
    *("most_future_bookings", "gap_minutes"),
)
USUAL = {
    "minimum_notice_minutes": 60,
    "horizon_days": 60,
    "cancellation_hours": 24,
    "change_window_minutes": 1440,
    "most_changes": 3,
    "most_future_bookings": 5,
    "gap_minutes": 0,
}
"""What holds while the clinic has said nothing: the migration stores the same, so this is for a database without."""

_CLINIC = StoredRules.__table__.alias("clinic_policy")
_OWN = StoredRules.__table__.alias("own_policy")


ClockChanges = tuple[tuple[int, timedelta], ...]
"""Pairs of *from so many days ahead on* and how far midnights are then from whole days after tomorrow's."""


class Window(NamedTuple):
    """From when to when times start that can be booked at this moment: two moments, or two columns of a statement."""

    opens_at: Any
    closes_at: Any


class BookingRules(NamedTuple):
    """The rules for one doctor. ``most_future_bookings`` counts all of a patient's appointments to come, and
    ``most_with_doctor`` those with this doctor; ``most_changes`` is how often a patient may choose another time for one
    appointment, until ``change_window`` before it; None is any number."""

    minimum_notice: timedelta
    horizon_days: int
    cancellation_window: timedelta
    most_future_bookings: int | None
    most_with_doctor: int | None
    gap_minutes: int
    change_window: timedelta
    most_changes: int | None

    @property
    def bookable_from(self) -> datetime:
        """The first start that can be booked at this moment."""
        return clock.now() + self.minimum_notice

    @property
    def bookable_until(self) -> datetime:
        """The midnight on the clinic's wall from which no start can be booked yet."""
        return clock.start_of_day(self.last_day + DAY)

    @property
    def last_day(self) -> date:
        """The last day that can be booked today."""
        return clock.today() + self.horizon_days * DAY

    @property
    def window(self) -> Window:
        """From when to when times start that can be booked at this moment."""
        return Window(self.bookable_from, self.bookable_until)

    @property
    def notice_words(self) -> str:
        """The minimum notice as people say it: ``1 hour``, ``90 minutes``."""
        return words(self.minimum_notice)

    @property
    def cancellation_words(self) -> str:
        """The cancellation window as people say it: ``24 hours``."""
        return words(self.cancellation_window)

    @property
    def change_words(self) -> str:
        """How long before the visit its time can last be changed online, as people say it: ``24 hours``."""
        return words(self.change_window)

    @property
    def horizon_words(self) -> str:
        """The horizon as people say it: ``60 days``."""
        return counted(self.horizon_days, "day")

    def opens_on(self, day: date) -> date:
        """The day on which times of ``day`` can first be booked."""
        return day - self.horizon_days * DAY


def words(length: timedelta) -> str:
    """A length as people say it, in whole minutes, hours, or from three days on in days."""
    minutes = length // timedelta(minutes=1)
    if minutes and minutes % 60 == 0:
        hours = minutes // 60
        return counted(hours // 24, "day") if hours >= 72 and hours % 24 == 0 else counted(hours, "hour")
    return counted(minutes, "minute")


def counted(number: int, noun: str) -> str:
    """``1 day``, ``60 days``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# -- the rules as columns of a statement ---------------------------------------------------------------------------


def joined(statement: Select, *, doctor_id: Any) -> Select:
    """The statement with the clinic's rules and the doctor's own beside each row, for :data:`COLUMNS`, :func:`window`.

    ``doctor_id`` is the column that says whose.
    """
    own = _OWN.c.doctor_id == doctor_id
    return statement.outerjoin(_CLINIC, _CLINIC.c.doctor_id.is_(None)).outerjoin(_OWN, own)


def _rule(name: str) -> ColumnElement:
    return func.coalesce(_OWN.c[name], _CLINIC.c[name], USUAL[name])


COLUMNS: tuple[ColumnElement, ...] = (
    _rule("minimum_notice_minutes").label("minimum_notice_minutes"),
    _rule("horizon_days").label("horizon_days"),
    _rule("cancellation_hours").label("cancellation_hours"),
    case((_CLINIC.c.id.is_(None), USUAL["most_future_bookings"]), else_=_CLINIC.c.most_future_bookings).label(
        "most_future_bookings"
    ),
    _OWN.c.most_future_bookings.label("most_with_doctor"),
    _rule("gap_minutes").label("gap_minutes"),
    _rule("change_window_minutes").label("change_window_minutes"),
    case(
        (_CLINIC.c.id.is_(None), USUAL["most_changes"]),
        else_=func.coalesce(_OWN.c.most_changes, _CLINIC.c.most_changes),
    ).label("most_changes"),
)
"""What :func:`of_row` makes the rules of."""


def window(changes: ClockChanges) -> Window:
    """The bookable window of each row's doctor, for comparison with the start of a slot, so that an index can serve.

    A statement with it depends on nothing but ``changes``, so that it can be put together once for many requests; it is
    run with :func:`moments`.
    """
    notice, horizon = _rule("minimum_notice_minutes"), _rule("horizon_days")
    opens_at = moment("now") + func.make_interval(0, 0, 0, 0, 0, notice, type_=Interval)
    return Window(opens_at, _midnight_after(horizon, changes))


def changes_ahead() -> ClockChanges:
    """The changes of the clocks that lie ahead today, for :func:`window`."""
    return clock_changes(clock.today(), clock.clinic_zone())


def moments() -> dict[str, datetime]:
    """The values with which a statement that contains :func:`window` is run at this moment."""
    return {"now": clock.now(), "tomorrow": clock.start_of_day(clock.today() + DAY)}


def moment(name: str) -> ColumnElement[datetime]:
    """A moment that each run of a statement brings."""
    return bindparam(name, type_=DateTime(timezone=True))


def hours(number: Any) -> ColumnElement[timedelta]:
    """So many hours, for a moment to be shifted by: unlike days, they are the same length wherever the session is."""
    return func.make_interval(0, 0, 0, 0, number, type_=Interval)


def _midnight_after(horizon: ColumnElement[int], changes: ClockChanges) -> ColumnElement[datetime]:
    """:attr:`BookingRules.bookable_until` by the database, which need not know the clinic's zone."""
    midnight = moment("tomorrow") + hours(horizon * 24)
    if not changes:
        return midnight
    return midnight + case(*[(horizon >= days, shift) for days, shift in reversed(changes)], else_=timedelta())


@lru_cache(maxsize=8)
def clock_changes(today: date, zone: ZoneInfo) -> ClockChanges:
    """How far midnights are from whole days after tomorrow's: pairs of *from so many days ahead on* and the shift."""
    tomorrow = clock.start_of_day(today + DAY, zone=zone)
    found, last = [], timedelta()
    for days in range(1, LONGEST_HORIZON_DAYS + 1):
        shift = clock.start_of_day(today + (days + 1) * DAY, zone=zone) - tomorrow - days * DAY
        if shift != last:
            found.append((days, shift))
            last = shift
    return tuple(found)


def of_row(row: Row) -> BookingRules:
    """The rules that a row with :data:`COLUMNS` holds."""
    return BookingRules(
        minimum_notice=timedelta(minutes=row.minimum_notice_minutes),
        horizon_days=row.horizon_days,
        cancellation_window=timedelta(hours=row.cancellation_hours),
        most_future_bookings=row.most_future_bookings,
        most_with_doctor=row.most_with_doctor,
        gap_minutes=row.gap_minutes,
        change_window=timedelta(minutes=row.change_window_minutes),
        most_changes=row.most_changes,
    )


# -- looking them up -----------------------------------------------------------------------------------------------


def of(doctor_id: UUID) -> BookingRules:
    """The rules for this doctor; one statement, once in a request."""
    return read_ahead([doctor_id])[doctor_id]


def clinic() -> BookingRules:
    """The rules for doctors who have none of their own."""
    return read_ahead([None])[None]


def read_ahead(doctor_ids: Iterable[UUID | None]) -> dict[UUID | None, BookingRules]:
    """The rules for each of these doctors (None: the clinic's) by one statement, which spares those that follow."""
    kept, wanted = _kept(), set(doctor_ids)
    if missing := wanted - kept.keys():
        kept |= _read(missing)
    return kept


def forget() -> None:
    """Look the rules up anew, because they were changed."""
    g.pop("booking_policies", None)


def _kept() -> dict[UUID | None, BookingRules]:
    """What this request has read; outside of one nothing is kept, for a worker lives long."""
    return g.setdefault("booking_policies", {}) if has_request_context() else {}


def _read(doctor_ids: set[UUID | None]) -> dict[UUID | None, BookingRules]:
    owners = [doctor_id for doctor_id in doctor_ids if doctor_id]
    return {row.doctor_id: of_row(row) for row in OF_OWNERS.all(owners=[None, *owners])}


def _of_owners() -> Select:
    whose = func.unnest(bindparam("owners", type_=ARRAY(Uuid))).table_valued("doctor_id").render_derived()
    return joined(select(whose.c.doctor_id, *COLUMNS).select_from(whose), doctor_id=whose.c.doctor_id)


OF_OWNERS = Prepared(_of_owners())
