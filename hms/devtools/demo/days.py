"""What the demo clinic offers and has booked: rows for the tables, made up from a fixed seed."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from hms import clock
from hms.availability.models import Mode, Origin, SlotStatus
from hms.db import new_id
from hms.devtools.demo import weekly
from hms.devtools.demo.people import Person, reasons
from hms.scheduling.models import AppointmentStatus as S
from hms.scheduling.services.booking import new_reference

Row = dict[str, Any]
WAY = timedelta(minutes=45)
"""How long a patient takes from one doctor to another, waiting included."""

ENDINGS = (S.FULFILLED,) * 7 + (S.NOSHOW, S.CANCELLED)


@dataclass
class Someone:
    """A person with the ids under which their rows stand."""

    id: UUID
    user_id: UUID


@dataclass
class Worker(Someone):
    """A doctor, and how they work."""

    person: Person


@dataclass
class Diary:
    """The rows made so far, and who is busy when."""

    seed: random.Random
    now: datetime
    slots: list[Row] = field(default_factory=list)
    appointments: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    taken: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))

    def is_free(self, who: Someone, slot: Row) -> bool:
        """Whether ``who`` has nothing else at the time of ``slot``, nor so near that they would have to hurry."""
        starts, ends = slot["starts_at"] - WAY, slot["ends_at"] + WAY
        return all(until <= starts or ends <= since for since, until in self.taken[who.id])

    def book(self, slot: Row, *, patient: Someone, doctor: Worker, status: str) -> None:
        """An appointment that has come to ``status``, with the history that led there."""
        if status != S.CANCELLED:
            slot["status"] = SlotStatus.BUSY
            self.taken[patient.id].append((slot["starts_at"], slot["ends_at"]))
        booked_at = min(slot["starts_at"], self.now) - timedelta(hours=self.seed.randint(25, 200))
        reason = self.seed.choice(reasons(doctor.person.specialty))
        appointment = _appointment(slot, patient, status, reason=reason, created_at=booked_at)
        if slot["mode"] != Mode.IN_PERSON and (slot["mode"] == Mode.ONLINE or len(self.appointments) % 2):
            appointment["mode"] = Mode.ONLINE
        self.appointments.append(appointment)
        self.changes.append(_change(appointment, patient.user_id, None, S.BOOKED, booked_at))
        for actor, before, after, at in _steps(status, slot, patient, doctor, self.now):
            self.changes.append(_change(appointment, actor, before, after, at, appointment["cancellation_reason"]))


def offer(diary: Diary, doctor: Worker, *, today: date, days: int) -> list[Row]:
    """The doctor's slots from two weeks ago until ``days`` ahead, free as yet; they are in ``diary`` too."""
    person, slots = doctor.person, []
    for day in (today + timedelta(days=n) for n in range(-weekly.PAST_DAYS, days + 1)):
        ahead = (day - today).days
        if 0 <= ahead < person.first_day:
            continue
        if day.weekday() in person.weekdays or (ahead == 0 and person.first_day == 0):
            origin = Origin.SCHEDULE if weekly.covers(person, day, today=today) else Origin.HAND
            slots += [_slot(doctor, *visit, origin=origin) for visit in _visits(person, day)]
    diary.slots += slots
    return slots


def fill(diary: Diary, doctor: Worker, slots: Sequence[Row], patients: Sequence[Someone]) -> None:
    """Book some of the doctor's slots: the past and today ran their course, the next days are as busy as usual."""
    near = diary.now + timedelta(days=8)
    for slot in slots:
        is_wanted = diary.seed.random() < (doctor.person.busy if slot["starts_at"] < near else doctor.person.busy / 4)
        patient = _somebody(diary, slot, patients) if is_wanted else None
        if patient:
            diary.book(slot, patient=patient, doctor=doctor, status=_status(diary, slot))


def _somebody(diary: Diary, slot: Row, patients: Sequence[Someone]) -> Someone | None:
    """Any patient who has time then."""
    offset = diary.seed.randrange(len(patients))
    turned = (*patients[offset:], *patients[:offset])
    return next((patient for patient in turned if diary.is_free(patient, slot)), None)


def _status(diary: Diary, slot: Row) -> str:
    if slot["ends_at"] <= diary.now:
        return diary.seed.choice(ENDINGS)
    if slot["starts_at"] <= diary.now + timedelta(minutes=20):
        return S.ARRIVED
    return S.BOOKED


def _visits(person: Person, day: date) -> Iterator[tuple[datetime, datetime]]:
    visit = timedelta(minutes=person.visit_minutes)
    for from_hour, from_minute, to_hour, to_minute in person.hours:
        try:
            starts_at = clock.from_clinic(day, time(from_hour, from_minute))
            ends_at = clock.from_clinic(day, time(to_hour, to_minute))
        except clock.NoSuchTime:
            continue
        while starts_at + visit <= ends_at:
            yield starts_at, starts_at + visit
            starts_at += visit


def _slot(doctor: Worker, starts_at: datetime, ends_at: datetime, *, origin: str) -> Row:
    return {
        "id": new_id(),
        "doctor_id": doctor.id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "status": SlotStatus.FREE,
        "mode": doctor.person.mode,
        "origin": origin,
    }


def _appointment(slot: Row, patient: Someone, status: str, *, reason: str, created_at: datetime) -> Row:
    appointment_id = new_id()
    return {
        "id": appointment_id,
        "reference": new_reference(),
        "slot_id": slot["id"],
        "doctor_id": slot["doctor_id"],
        "patient_id": patient.id,
        "starts_at": slot["starts_at"],
        "ends_at": slot["ends_at"],
        "status": status,
        "mode": Mode.IN_PERSON,
        "reason": reason,
        "cancellation_reason": "I am better already." if status == S.CANCELLED else "",
        "idempotency_key": f"demo-{appointment_id}",
        "version": 2 if status == S.CANCELLED else 1,
        "created_at": created_at,
    }


def _steps(
    status: str, slot: Row, patient: Someone, doctor: Someone, now: datetime
) -> Iterator[tuple[UUID, str, str, datetime]]:
    """What happened after the booking: who did it, from which status to which, and when."""
    came_at, left_at = slot["starts_at"] - timedelta(minutes=8), slot["ends_at"]
    if status == S.CANCELLED:
        yield patient.user_id, S.BOOKED, S.CANCELLED, min(came_at, now) - timedelta(hours=24, minutes=30)
    if status == S.NOSHOW:
        yield doctor.user_id, S.BOOKED, S.NOSHOW, left_at
    if status in (S.ARRIVED, S.FULFILLED):
        yield doctor.user_id, S.BOOKED, S.ARRIVED, min(came_at, now)
    if status == S.FULFILLED:
        yield doctor.user_id, S.ARRIVED, S.FULFILLED, left_at


def _change(appointment: Row, actor_id: UUID, before: str | None, after: str, at: datetime, note: str = "") -> Row:
    return {
        "id": new_id(),
        "appointment_id": appointment["id"],
        "actor_id": actor_id,
        "from_status": before,
        "to_status": after,
        "note": note,
        "changed_at": at,
    }
