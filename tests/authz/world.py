"""Everybody who may knock at a door, and one object of each kind behind the doors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, text
from werkzeug.routing import Rule

from hms import clock
from hms.auth import services as auth
from hms.auth.models import Doctor, Patient
from hms.availability import queries
from hms.availability import services as availability
from hms.db import db
from hms.scheduling.models import Appointment
from tests import make
from tests.fixtures.web import Client

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # the visit starts now, so that every mark is allowed

CANARY = "CNRY"
MAY_SEE_ASHA = {"patient", "doctor", "receptionist", "admin"}
PRINCIPALS = (
    "anonymous",
    "unverified",
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
    "unverified": "patient",
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
    asha_id: UUID | None = None
    foreign: dict[str, str] = field(default_factory=dict)  # ids of the other patient and doctor, by name of a column

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
        "patient": make.patient("Asha CNRY-name Rao"),
        "unverified": make.patient("Uma Unproved", is_verified=False),
        "other patient": make.patient("Chen Wei"),
        "doctor": make.doctor("Dr Anil Bose"),
        "other doctor": make.doctor("Dr Ngozi Eze"),
        "pending doctor": make.doctor("Dr Pia Penn", is_approved=False),
        "receptionist": make.staff("Rita Novak", role="receptionist"),
        "admin": make.staff("Dana Reyes", role="admin"),
        "deactivated": make.patient("Eve Gone"),
    }
    doctor = people["doctor"]
    _fill_in(people["patient"])
    visit = make.appointment(people["patient"], doctor=doctor, starts_at=NOON, reason="CNRY-reason")
    other = make.appointment(people["other patient"], doctor=people["other doctor"], starts_at=NOON)
    free = make.slot(doctor, starts_at=clock.from_clinic(NOON.date() + timedelta(days=7), time(9)))
    values = {
        "appointment_id": visit.id,
        "patient_id": visit.patient_id,
        "slot_id": free.id,
        "doctor_id": doctor.id,
        **_availability(doctor),
    }
    steady_clock.set(NOON)
    world = World(
        app, db.session.connection(), values | {"token": "no-such-token", "filename": "portal.css", "ref": "0" * 32}
    )
    world.asha_id, world.foreign = people["patient"].id, _foreign(people, other)
    for name in PRINCIPALS:
        browser = world.browsers[name] = signed_in(people[name]) if name in people else new_client()
        world.tokens[name] = browser.csrf_token()
    auth.deactivate(people["deactivated"].user.email)
    world.tokens["deactivated"] = world.browsers["deactivated"].get("/login").page.csrf_token
    db.session.remove()
    return world


def _fill_in(patient: Patient) -> None:
    """Each field of Asha's holds a text that nobody else's does."""
    auth.update_patient(
        patient,
        full_name=patient.user.full_name,
        phone=patient.phone,
        date_of_birth=None,
        address="CNRY-address",
        emergency_contact_name="CNRY-contact",
        emergency_contact_phone="",
        wants_reminders=True,
    )


def _foreign(people: dict, visit: Appointment) -> dict[str, str]:
    patient, doctor = people["other patient"], people["other doctor"]
    ids = {
        "patient_id": patient.id,
        "doctor_id": doctor.id,
        "user_id": patient.user_id,
        "appointment_id": visit.id,
        "slot_id": visit.slot_id,
        "id": visit.id,
        "doctor": doctor.id,
        "patient": patient.id,
        "slot": visit.slot_id,
    }
    return {name: str(value) for name, value in ids.items()}


def lines_of(session, request_id: str) -> list[tuple[str, UUID | None]]:
    """What the audit log says of a request: action and patient."""
    lines = text("SELECT action, patient_id FROM audit_events WHERE request_id = :id")
    return [tuple(row) for row in session.execute(lines, {"id": request_id})]


def canaries_kept(session) -> list[str]:
    """The tables of messages and records that hold something of Asha's."""
    tables = ("outbox_messages", "audit_events", "sessions")
    held = "SELECT count(*) FROM {} t WHERE t::text LIKE '%CNRY%'"
    return [table for table in tables if session.scalar(text(held.format(table)))]


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
