"""The weekly hours of the demo clinic's doctors, and when they and the clinic are away, as rows.

The times of the first weeks are made with them, so that pages are full at once; the worker makes those that follow.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hms import clock
from hms.db import new_id
from hms.devtools.demo.people import Person

Row = dict[str, Any]
PAST_DAYS = 14
CONFERENCE_DAYS = 20


def has_hours(person: Person) -> bool:
    """Only the first dozen doctors have weekly hours; a thousand more offer times by hand."""
    return bool(person.bio and person.hours)


def covers(person: Person, day: date, *, today: date) -> bool:
    """Whether the weekly hours make the times of a day: today some open a few by hand, so that there is a today."""
    return has_hours(person) and day.weekday() in person.weekdays and day >= _first_day(person, today)


def schedules(people: Iterable[tuple[UUID, Person]], *, today: date) -> tuple[list[Row], list[Row]]:
    """The schedules of the doctors with these ids, and their lines."""
    rows: list[Row] = []
    lines: list[Row] = []
    for doctor_id, person in people:
        if has_hours(person):
            schedule_id = new_id()
            rows.append({"id": schedule_id, "doctor_id": doctor_id, "valid_from": _first_day(person, today)})
            lines += _lines(schedule_id, person)
    return rows, lines


def plans(schedules: Iterable[Row], *, now: datetime) -> list[Row]:
    """That the worker has to make the times of these schedules up to the horizon."""
    return [{"doctor_id": row["doctor_id"], "stale_since": now} for row in schedules]


def conference(doctor_id: UUID, *, today: date) -> Row:
    """Two days on which one doctor is away, later than any time that is booked."""
    first = today + timedelta(days=CONFERENCE_DAYS)
    bounds = clock.start_of_day(first), clock.start_of_day(first + timedelta(days=2))
    return {
        "id": new_id(),
        "doctor_id": doctor_id,
        "starts_at": bounds[0],
        "ends_at": bounds[1],
        "reason": "Conference",
    }


def christmas(*, today: date) -> Row:
    """The clinic's next Christmas that is some weeks away."""
    year = today.year if today + timedelta(days=CONFERENCE_DAYS) <= date(today.year, 12, 25) else today.year + 1
    return {"id": new_id(), "first_day": date(year, 12, 25), "last_day": date(year, 12, 26), "name": "Christmas"}


def _first_day(person: Person, today: date) -> date:
    return today + timedelta(days=person.first_day or -PAST_DAYS)


def _lines(schedule_id: UUID, person: Person) -> list[Row]:
    return [
        {
            "id": new_id(),
            "schedule_id": schedule_id,
            "weekday": weekday,
            "start_minute": from_hour * 60 + from_minute,
            "end_minute": to_hour * 60 + to_minute,
            "visit_minutes": person.visit_minutes,
            "gap_minutes": 0,
            "mode": person.mode,
        }
        for weekday in sorted(person.weekdays)
        for from_hour, from_minute, to_hour, to_minute in person.hours
    ]
