"""A made-up clinic for trying HMS out: ``flask demo load``.

A tool, not a capability: it writes whole tables at once, and only where HMS runs for development or testing. Everybody
in it signs in with the same published password, which opens nothing in production.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import cast

import click
from flask import current_app
from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.orm import Session

from hms import clock
from hms.auth import passwords, queries
from hms.auth.models import Doctor, Patient, User
from hms.auth.services import make_all_findable, update_doctor
from hms.availability.models import Closure, DoctorPlan, Schedule, ScheduleHours, Slot, StoredRules, TimeOff
from hms.cli import Group, say
from hms.db import Model, transaction
from hms.devtools.demo import days as diaries
from hms.devtools.demo import roster, weekly
from hms.devtools.demo.days import Diary, Row, Someone, Worker
from hms.devtools.demo.people import Person
from hms.devtools.demo.portraits import LOOKS, draw
from hms.devtools.demo.roster import ASHA_EMAIL, BOSE_EMAIL, DANA_EMAIL, RITA_EMAIL, Roster
from hms.errors import Conflict, Forbidden
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus

PASSWORD = passwords.DEMO_ONLY
ROWS_AT_ONCE = 2000
KEPT = ("bio", "years_of_experience", "phone", "room", "languages", "visit_minutes", "fee_minor")
GUESTS = (
    (ASHA_EMAIL, "patient"),
    (BOSE_EMAIL, "doctor"),
    (RITA_EMAIL, "receptionist"),
    (DANA_EMAIL, "administrator"),
)
"""Who can sign in to look around, and as what."""

demo = Group("demo", help="A made-up clinic for trying HMS out.")
demo.is_noted = False  # no real log tells of made-up people


class NotHere(Forbidden):
    """Demo data has no place among real people."""

    code = "no-demo-here"
    message = "Demo data is loaded only where HMS_MODE is development (or testing), never in production."


class AlreadyLoaded(Conflict):
    """It is there already."""

    code = "already-loaded"
    message = "The demo clinic is loaded already."


@demo.command("load")
@click.option("--doctors", type=click.IntRange(1, 5000), default=12, show_default=True, help="How many doctors.")
@click.option("--patients", type=click.IntRange(1, 5000), default=30, show_default=True, help="How many, beside Asha.")
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How far ahead times reach.")
def load_command(doctors: int, patients: int, days: int) -> None:
    """Fill an HMS for development with a made-up clinic. A second time changes nothing."""
    try:
        load(doctors=doctors, patients=patients, days=days)
    except AlreadyLoaded as refusal:
        say(refusal.message)
        return
    show_faces()
    say(f"The demo clinic is loaded. Sign in with the password {PASSWORD} as")
    for email, who in GUESTS:
        say(f"  {email:16} {who}")


def is_loaded() -> bool:
    """Whether the demo clinic is in the database."""
    return queries.find_user_by_email(ASHA_EMAIL) is not None


def load(*, doctors: int = 12, patients: int = 30, days: int = 14) -> None:
    """Make up a clinic: that many doctors (Dr Bose first), Asha and that many other patients, times ``days`` ahead.

    Raises :class:`NotHere` outside of development and testing, :class:`AlreadyLoaded` the second time.
    """
    if current_app.config["MODE"] not in ("development", "testing"):
        raise NotHere
    with transaction():  # over when the answer is there: making up a large clinic takes a while
        if is_loaded():
            raise AlreadyLoaded
    everybody, now = roster.of(doctors=doctors, patients=patients), clock.now()
    diary = _days(everybody, days, now)
    _store(everybody, diary, password_hash=passwords.store(PASSWORD))


def show_faces() -> None:
    """Give each doctor who has one their portrait, as if they had sent it: drawn here, opened and made anew there."""
    with transaction() as session:
        doctors = session.scalars(select(Doctor).join(Doctor.user).where(User.full_name.in_(LOOKS))).all()
    for doctor in doctors:
        kept = {name: getattr(doctor, name) for name in KEPT}
        name, specialty = doctor.user.full_name, doctor.specialty.slug
        update_doctor(doctor, full_name=name, specialty=specialty, photo=draw(LOOKS[name]), **kept)


def _store(everybody: Roster, diary: Diary, *, password_hash: str) -> None:
    specialties = {specialty.slug: specialty.id for specialty in queries.list_specialties()}
    with transaction(conflicts={"uq_users_email": AlreadyLoaded()}) as session:
        _write(session, User, roster.users(everybody, password_hash=password_hash, now=diary.now))
        _write(session, Doctor, roster.doctors(everybody, specialties=specialties, now=diary.now))
        _write(session, Patient, roster.patients(everybody))
        _write(session, Slot, diary.slots)
        _write_hours(session, everybody, diary.now)
        session.execute(update(StoredRules).values(most_future_bookings=None))  # a few patients fill a whole clinic
        _write(session, Appointment, diary.appointments)
        _write(session, AppointmentChange, diary.changes)
        make_all_findable()  # rows that are written so many at a time pass by what keeps doctors findable
    with transaction() as session:
        session.execute(text("ANALYZE (SKIP_LOCKED)"))  # else the first pages are planned for empty tables


def _write_hours(session: Session, everybody: Roster, now: datetime) -> None:
    """Weekly hours, time off and a closure; the worker makes the times that they plan beyond those in the diary."""
    today = clock.to_clinic(now).date()
    schedules, lines = weekly.schedules(((worker.id, worker.person) for worker in everybody.workers), today=today)
    _write(session, Schedule, schedules)
    _write(session, ScheduleHours, lines)
    _write(session, DoctorPlan, weekly.plans(schedules, now=now))
    _write(session, TimeOff, [weekly.conference(everybody.workers[0].id, today=today)])
    _write(session, Closure, [weekly.christmas(today=today)])


def _days(everybody: Roster, days: int, now: datetime) -> Diary:
    """What everybody offers and has booked; the fullest doctors choose first, and patients grow scarce."""
    diary, today = Diary(random.Random(2026), now), clock.to_clinic(now).date()  # noqa: S311  # made-up data
    offers = [(worker, diaries.offer(diary, worker, today=today, days=days)) for worker in everybody.workers]
    asha, *others = everybody.crowd
    _story_of_asha(diary, *offers[0], asha)
    known = [offer for offer in offers if _is_described(offer[0].person)]
    for worker, slots in sorted(known, key=lambda offer: -offer[0].person.busy):
        diaries.fill(diary, worker, [s for s in slots if s["status"] == "free"], others or [asha])
    return diary


def _is_described(person: Person) -> bool:
    """Whether a doctor has a written profile: only the first dozen do; a thousand more only offer times."""
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
