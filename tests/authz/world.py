"""Everybody who may knock at a door, and one object of each kind behind the doors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection
from werkzeug.routing import Rule

from hms import clock
from hms.auth import services as auth
from hms.auth.models import Doctor
from hms.availability import queries
from hms.availability import services as availability
from hms.db import db
from tests import make
from tests.fixtures.web import Client

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # the visit starts now, so that every mark is allowed

PRINCIPALS = (
    "anonymous",
    "patient",
    "other patient",
    "doctor",
    "other doctor",
    "pending doctor",
    "receptionist",
    "admin",
    "deactivated",
)
ROLES = {
    "patient": "patient",
    "other patient": "patient",
    "doctor": "doctor",
    "other doctor": "doctor",
    "pending doctor": "doctor",
    "receptionist": "receptionist",
    "admin": "admin",
}


@dataclass
class World:
    """A browser for each principal, the values for the addresses, and the database's connection."""

    app: Flask
    connection: Connection
    values: dict[str, object]
    browsers: dict[str, Client] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def path(self, rule: Rule) -> str:
        """The address of a route, about the objects of this world."""
        names = rule.arguments
        assert names <= self.values.keys(), f"{rule} takes {names - self.values.keys()}: give this world such an object"
        return self.browsers["anonymous"].url(rule.endpoint, **{name: self.values[name] for name in names})

    @contextmanager
    def undone(self, browser: Client) -> Iterator[None]:
        """Take back everything that happens in the block: in the database, and to the browser's cookies."""
        db.session.remove()
        step, cookies = self.connection.begin_nested(), dict(browser._cookies or {})
        try:
            yield
        finally:
            db.session.remove()
            step.rollback()
            browser._cookies = cookies


def build(app: Flask, new_client: Callable[[], Client], signed_in: Callable, steady_clock) -> World:
    """Asha has a visit with Dr Bose now and another in two days; Dr Bose offers a time that nobody has."""
    people = {
        "patient": make.patient("Asha Rao"),
        "other patient": make.patient("Chen Wei"),
        "doctor": make.doctor("Dr Anil Bose"),
        "other doctor": make.doctor("Dr Ngozi Eze"),
        "pending doctor": make.doctor("Dr Pia Penn", is_approved=False),
        "receptionist": make.staff("Rita Novak", role="receptionist"),
        "admin": make.staff("Dana Reyes", role="admin"),
        "deactivated": make.patient("Eve Gone"),
    }
    doctor = people["doctor"]
    visit = make.appointment(people["patient"], doctor=doctor, starts_at=NOON)
    free = make.slot(doctor, starts_at=clock.from_clinic(NOON.date() + timedelta(days=7), time(9)))
    values = {"appointment_id": visit.id, "slot_id": free.id, "doctor_id": doctor.id, **_availability(doctor)}
    steady_clock.set(NOON)
    world = World(
        app, db.session.connection(), values | {"token": "no-such-token", "filename": "portal.css", "ref": "0" * 32}
    )
    for name in PRINCIPALS:
        browser = world.browsers[name] = signed_in(people[name]) if name in people else new_client()
        world.tokens[name] = browser.csrf_token()
    auth.deactivate(people["deactivated"].user.email)
    world.tokens["deactivated"] = world.browsers["deactivated"].get("/login").page.csrf_token
    db.session.remove()
    return world


def _availability(doctor: Doctor) -> dict[str, object]:
    """Weekly hours, time off and a closure, too far ahead to make or hide any times, and a day to copy."""
    first = NOON.date() + timedelta(days=365)
    make.schedule(doctor, first=first)
    time_off = availability.add_time_off(
        doctor, starts_at=clock.start_of_day(first), ends_at=clock.start_of_day(first + timedelta(days=1))
    )
    (schedule,) = queries.list_schedules(doctor)
    closure = availability.add_closure(first_day=first, last_day=first, name="Founders' Day").closure
    ids = {"schedule_id": schedule.id, "time_off_id": time_off.id, "closure_id": closure.id}
    return {**ids, "day": "2026-12-02"}


def stranger_id() -> UUID:
    """An id that nothing has."""
    return UUID(int=7)
