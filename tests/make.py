"""People, times and visits for tests. People and times are written as the services would leave them, without asking all
that the services ask; whatever has rules worth a test of its own (visits, hours, connections) goes through them."""

import itertools
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from unittest import mock
from uuid import UUID

from hms import clock
from hms.auth import emails, passwords
from hms.auth import services as auth
from hms.auth.models import Doctor, Patient, Role, User
from hms.auth.services import accounts, closing
from hms.availability import services as availability
from hms.availability.models import Slot
from hms.availability.services import HoursDraft, Preview, ScheduleDraft
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections, feeds
from hms.db import db, new_id, transaction
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment

PASSWORD = "a-passphrase-for-tests"

_numbers = itertools.count(1)


def patient(full_name: str = "", *, email: str = "", phone: str = "020 7946 0999", is_verified: bool = True) -> Patient:
    """A patient who can sign in with :data:`PASSWORD`, and whose address is proved unless told otherwise."""
    number = next(_numbers)
    user = _user(Role.PATIENT, full_name or f"Patient {number}", email or f"patient{number}@example.test", is_verified)
    with transaction() as session:
        user.patient = Patient(phone=phone)
        session.add(user)
        emails.welcome(user)
    return user.patient


def _user(role: Role, full_name: str, email: str, is_verified: bool) -> User:
    now = clock.now()
    return User(
        id=new_id(),
        role=role,
        full_name=full_name,
        email=email,
        password_hash=passwords.store(PASSWORD),
        created_at=now,
        email_verified_at=now if is_verified else None,
    )


a_patient = patient  # a name of its own for the functions below, where `patient` is an argument


def doctor(
    full_name: str = "",
    *,
    email: str = "",
    specialty: str = "cardiology",
    is_approved: bool = True,
    is_verified: bool = True,
    bio: str = "",
) -> Doctor:
    """A doctor of the specialty with that slug, whom patients can find unless ``is_approved=False``, and who has proved
    the address unless ``is_verified=False``."""
    number = next(_numbers)
    user = _user(Role.DOCTOR, full_name or f"Dr Number {number}", email or f"doctor{number}@example.test", is_verified)
    with transaction() as session:
        user.doctor = Doctor(
            specialty=accounts.get_specialty(specialty),
            licence_number=f"GMC-{number:07}",
            years_of_experience=12,
            bio=bio,
            phone="020 7946 0200",
            approved_at=clock.now() if is_approved else None,
        )
        session.add(user)
        emails.welcome(user)
        if is_approved:
            emails.approved(user)
    return user.doctor


a_doctor = doctor


def staff(full_name: str = "", *, email: str = "", role: str = "receptionist") -> User:
    """A receptionist or an administrator."""
    number = next(_numbers)
    return auth.create_staff(
        email=email or f"staff{number}@example.test",
        full_name=full_name or f"Staff {number}",
        role=role,
        password=PASSWORD,
    )


def feed(user: User) -> str:
    """The token of a private feed that the user has just made, knowing the password."""
    return feeds.make_feed(user, proved_hash=user.password_hash)


def connection(user: User, grant: Grant) -> CalendarConnection:
    """A Google account that the user has just connected, knowing the password."""
    return connections.connect(user, grant, proved_hash=user.password_hash)


def hours(
    start: str = "09:00",
    end: str = "10:00",
    *,
    weekdays: Iterable[int] = range(5),
    visit: int = 20,
    gap: int | None = None,
    mode: str = "in-person",
) -> list[HoursDraft]:
    """The same hours on several days of the week, Monday to Friday unless told otherwise."""
    return [HoursDraft(weekday, _minute(start), _minute(end), visit, gap, mode) for weekday in weekdays]


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def draft(
    *lines: list[HoursDraft],
    first: date | None = None,
    last: date | None = None,
    timezone: str | None = None,
    schedule_id: UUID | None = None,
) -> ScheduleDraft:
    """Weekly hours as a doctor enters them: 9 to 10 in visits of 20 minutes from today on, unless told otherwise."""
    drafted = [line for each in lines or [hours()] for line in each]
    return ScheduleDraft(schedule_id, first or clock.today(), last, timezone, drafted)


def schedule(doctor: Doctor, *lines: list[HoursDraft], **others: object) -> Preview:
    """Save weekly hours (:func:`draft`), which makes the doctor's times."""
    return availability.save_schedule(doctor, draft(*lines, **others))


def slot(
    doctor: Doctor | None = None,
    *,
    starts_at: datetime | None = None,
    day: date | None = None,
    start: time = time(9),
    minutes: int = 20,
    mode: str = "in-person",
) -> Slot:
    """A free time: at ``starts_at``, or at ``start`` on ``day``, or after the last one. The past is allowed."""
    doctor = doctor or a_doctor()
    if starts_at is None:
        starts_at = clock.from_clinic(day, start) if day else _after_the_last(doctor)
    made = Slot(doctor=doctor, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes), mode=mode)
    with transaction() as session:
        session.add(made)
    return made


a_slot = slot


def _after_the_last(doctor: Doctor) -> datetime:
    day_after_tomorrow = clock.from_clinic(clock.today() + timedelta(days=2), time(9))
    last = db.session.scalar(db.select(db.func.max(Slot.ends_at)).where(Slot.doctor_id == doctor.id))
    return max(last or day_after_tomorrow, day_after_tomorrow)


def appointment(
    patient: Patient | None = None,
    *,
    doctor: Doctor | None = None,
    slot: Slot | None = None,
    status: str = "booked",
    reason: str = "",
    **when: object,
) -> Appointment:
    """A booked appointment, or one moved on to ``status``, on ``slot`` or a new one (``when`` is as there)."""
    slot = slot or a_slot(doctor, **when)
    patient = patient or a_patient()
    with at(min(clock.now(), slot.starts_at - timedelta(days=1))):
        made = scheduling.book(slot.id, patient=patient, reason=reason, idempotency_key=new_key())
    for move in _MOVES[status]:
        move(made, slot)
    return made


def new_key() -> str:
    """A fresh idempotency key, as the page would carry."""
    return secrets.token_urlsafe(16)


def _cancel(made: Appointment, slot: Slot) -> None:
    with at(min(clock.now(), slot.starts_at - timedelta(days=1))):
        scheduling.cancel_as_doctor(made.id, doctor=slot.doctor, reason="Called away")


def _arrive(made: Appointment, slot: Slot) -> None:
    with at(slot.starts_at):
        scheduling.mark_arrived(made.id, doctor=slot.doctor)


def _complete(made: Appointment, slot: Slot) -> None:
    with at(slot.ends_at):
        scheduling.mark_fulfilled(made.id, doctor=slot.doctor)


def _miss(made: Appointment, slot: Slot) -> None:
    with at(slot.ends_at):
        scheduling.mark_noshow(made.id, doctor=slot.doctor)


_MOVES = {
    "booked": [],
    "cancelled": [_cancel],
    "arrived": [_arrive],
    "fulfilled": [_arrive, _complete],
    "noshow": [_miss],
}


def closed(user: User) -> User:
    """Close an account though there are visits to come, which no service does any more."""
    with transaction() as session:
        closing._close(session, session.get_one(User, user.id))
    return user


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Do something as if it were ``moment``."""
    with mock.patch.object(clock, "now", return_value=moment):
        yield
