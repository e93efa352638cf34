"""A made-up clinic for trying HMS out: ``flask demo load``.

A tool, not a capability: it writes whole tables at once, and only where HMS runs for development or testing. Everybody
in it signs in with the same published password, which opens nothing in production.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import Table, insert, text
from sqlalchemy.orm import Session

from hms import clock
from hms.auth import passwords, queries
from hms.auth.models import Doctor, Patient, Role, User
from hms.db import Model, new_id, transaction
from hms.demo import days as diaries
from hms.demo.days import Diary, Row, Someone, Worker
from hms.demo.people import BOSE, Person, doctor_number, name_number
from hms.errors import Conflict, Forbidden
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus, Slot

PASSWORD = passwords.DEMO_ONLY
ASHA, ASHA_EMAIL = "Asha Rao", "asha@demo.test"
BOSE_EMAIL = "bose@demo.test"
DANA, DANA_EMAIL = "Dana Reyes", "dana@demo.test"
ROWS_AT_ONCE = 2000

demo = AppGroup("demo", help="A made-up clinic for trying HMS out.")


class NotHere(Forbidden):
    """Demo data has no place among real people."""

    code = "no-demo-here"
    message = "Demo data is loaded only where HMS_MODE is development (or testing), never in production."


class AlreadyLoaded(Conflict):
    """It is there already."""

    code = "already-loaded"
    message = "The demo clinic is loaded already."


def init_app(app: Flask) -> None:
    """Register ``flask demo``."""
    app.cli.add_command(demo)


@demo.command("load")
@click.option("--doctors", type=click.IntRange(1, 5000), default=12, show_default=True, help="How many doctors.")
@click.option("--patients", type=click.IntRange(1, 5000), default=30, show_default=True, help="How many, beside Asha.")
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How far ahead times reach.")
def load_command(doctors: int, patients: int, days: int) -> None:
    """Fill an HMS for development with a made-up clinic. A second time changes nothing."""
    try:
        load(doctors=doctors, patients=patients, days=days)
    except AlreadyLoaded as refusal:
        click.echo(refusal.message)
        return
    except NotHere as refusal:
        raise click.ClickException(refusal.message) from refusal
    click.echo(f"The demo clinic is loaded. Sign in with the password {PASSWORD} as")
    for email, who in ((ASHA_EMAIL, "patient"), (BOSE_EMAIL, "doctor"), (DANA_EMAIL, "administrator")):
        click.echo(f"  {email:16} {who}")


def is_loaded() -> bool:
    """Whether the demo clinic is in the database."""
    return queries.find_user_by_email(ASHA_EMAIL) is not None


def load(*, doctors: int = 12, patients: int = 30, days: int = 14) -> None:
    """Make up a clinic: that many doctors (Dr Bose first), Asha and that many other patients, times ``days`` ahead.

    Raises :class:`NotHere` outside of development and testing, :class:`AlreadyLoaded` the second time.
    """
    if current_app.config["MODE"] not in ("development", "testing"):
        raise NotHere
    if is_loaded():
        raise AlreadyLoaded
    password_hash, now = passwords.store(PASSWORD), clock.now()
    with transaction() as session:
        workers, crowd = _people(session, doctors, patients, password_hash, now)
        diary = _days(workers, crowd, days, now)
        _write(session, Slot, diary.slots)
        _write(session, Appointment, diary.appointments)
        _write(session, AppointmentChange, diary.changes)
    with transaction() as session:
        session.execute(text("ANALYZE"))  # else the first pages are planned for empty tables


def _people(
    session: Session, doctors: int, patients: int, password_hash: str, now: datetime
) -> tuple[list[Worker], list[Someone]]:
    """Store everybody; answers the doctors, Dr Bose first, and the patients, Asha first."""
    workers = [Worker(new_id(), new_id(), BOSE)]
    workers += [Worker(new_id(), new_id(), doctor_number(number)) for number in range(1, doctors)]
    crowd = [Someone(new_id(), new_id()) for _ in range(patients + 1)]
    users = [_user(new_id(), DANA_EMAIL, DANA, Role.ADMIN)]
    for number, worker in enumerate(workers):
        email = f"doctor-{number:04}@demo.test" if number else BOSE_EMAIL
        users.append(_user(worker.user_id, email, worker.person.full_name, Role.DOCTOR))
    for number, someone in enumerate(crowd):
        email, name = (f"patient-{number:04}@demo.test", name_number(number)) if number else (ASHA_EMAIL, ASHA)
        users.append(_user(someone.user_id, email, name, Role.PATIENT))
    known = {"password_hash": password_hash, "created_at": now, "email_verified_at": now}
    _write(session, User, [user | known for user in users])
    specialties = {specialty.slug: specialty.id for specialty in queries.list_specialties()}
    _write(session, Doctor, [_doctor(n, worker, specialties, now) for n, worker in enumerate(workers)])
    _write(session, Patient, [_patient(number, someone) for number, someone in enumerate(crowd)])
    return workers, crowd


def _user(user_id: Any, email: str, full_name: str, role: Role) -> Row:
    return {"id": user_id, "email": email, "full_name": full_name, "role": role}


def _doctor(number: int, worker: Worker, specialties: dict[str, Any], now: datetime) -> Row:
    person = worker.person
    return {
        "id": worker.id,
        "user_id": worker.user_id,
        "specialty_id": specialties[person.specialty],
        "licence_number": f"GMC {7_000_000 + number * 7919 % 1_000_000}",
        "years_of_experience": person.years,
        "bio": person.bio,
        "phone": f"020 7946 {200 + number % 700:04}",  # numbers that Ofcom keeps free for fiction
        "room": person.room,
        "languages": person.languages,
        "visit_minutes": person.visit_minutes,
        "fee_minor": person.fee_minor,
        "approved_at": now,
    }


def _patient(number: int, someone: Someone) -> Row:
    return {
        "id": someone.id,
        "user_id": someone.user_id,
        "phone": f"07700 900{number % 1000:03}",  # likewise
        "date_of_birth": date(1941, 3, 12) + timedelta(days=number * 997 % 27_000),
        "address": f"{number + 1} Chapel Street, Northgate",
        "emergency_contact_name": name_number(number + 7),
        "emergency_contact_phone": f"07700 900{(number + 7) % 1000:03}",
    }


def _days(workers: Sequence[Worker], crowd: Sequence[Someone], days: int, now: datetime) -> Diary:
    """What everybody offers and has booked; the fullest doctors choose first, and patients grow scarce."""
    diary, today = Diary(random.Random(2026), now), clock.to_clinic(now).date()  # noqa: S311  # made-up data
    offers = [(worker, diaries.offer(diary, worker, today=today, days=days)) for worker in workers]
    _story_of_asha(diary, *offers[0], crowd[0])
    known = [offer for offer in offers if _is_described(offer[0].person)]
    for worker, slots in sorted(known, key=lambda offer: -offer[0].person.busy):
        diaries.fill(diary, worker, [s for s in slots if s["status"] == "free"], crowd[1:] or crowd)
    return diary


def _is_described(person: Person) -> bool:
    """Only the first dozen doctors have a life of their own; a thousand more just offer times."""
    return bool(person.bio)


def _story_of_asha(diary: Diary, bose: Worker, slots: list[Row], asha: Someone) -> None:
    """Asha has seen Dr Bose, missed him once, changed her mind once, and comes again soon."""
    past = [slot for slot in slots if slot["ends_at"] < diary.now - timedelta(days=1)]
    soon = [slot for slot in slots if slot["starts_at"] > diary.now + timedelta(days=2)]
    chosen = [*past[3::25][:2], *soon[5::30][:3]]
    endings = [AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW][: len(past[3::25][:2])]
    endings += [AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED, AppointmentStatus.BOOKED]
    for slot, status in zip(chosen, endings, strict=False):
        diary.book(slot, patient=asha, doctor=bose, status=status)


def _write(session: Session, model: type[Model], rows: Iterable[Row]) -> None:
    """Insert many rows, some thousands a statement."""
    waiting = iter(rows)
    while batch := list(islice(waiting, ROWS_AT_ONCE)):
        session.execute(insert(cast(Table, model.__table__)), batch)
