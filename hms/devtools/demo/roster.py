"""The accounts of the demo clinic, and the people behind them, as rows."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from hms.auth.models import Role
from hms.db import new_id
from hms.devtools.demo.days import Row, Someone, Worker
from hms.devtools.demo.people import BOSE, doctor_number, name_number

ASHA, ASHA_EMAIL = "Asha Rao", "asha@demo.test"
BOSE_EMAIL = "bose@demo.test"
DANA, DANA_EMAIL = "Dana Reyes", "dana@demo.test"
RITA, RITA_EMAIL = "Rita Novak", "rita@demo.test"


class Roster(NamedTuple):
    """Everybody: the doctors, Dr Bose first, and the patients, Asha first."""

    workers: list[Worker]
    crowd: list[Someone]


def of(*, doctors: int, patients: int) -> Roster:
    """That many doctors, and Asha with that many other patients."""
    workers = [Worker(new_id(), new_id(), doctor_number(number) if number else BOSE) for number in range(doctors)]
    return Roster(workers, [Someone(new_id(), new_id()) for _ in range(patients + 1)])


def users(roster: Roster, *, password_hash: str, now: datetime) -> list[Row]:
    """An account for everybody, for Dana the administrator and for Rita at reception."""
    rows = [_user(new_id(), DANA_EMAIL, DANA, Role.ADMIN), _user(new_id(), RITA_EMAIL, RITA, Role.RECEPTIONIST)]
    for number, worker in enumerate(roster.workers):
        email = f"doctor-{number:04}@demo.test" if number else BOSE_EMAIL
        rows.append(_user(worker.user_id, email, worker.person.full_name, Role.DOCTOR))
    for number, someone in enumerate(roster.crowd):
        email, name = (f"patient-{number:04}@demo.test", name_number(number)) if number else (ASHA_EMAIL, ASHA)
        rows.append(_user(someone.user_id, email, name, Role.PATIENT))
    known = {"password_hash": password_hash, "created_at": now, "email_verified_at": now}
    return [row | known for row in rows]


def doctors(roster: Roster, *, specialties: dict[str, Any], now: datetime) -> list[Row]:
    """What patients read of each doctor; ``specialties`` are ids by slug."""
    return [_doctor(number, worker, specialties, now) for number, worker in enumerate(roster.workers)]


def patients(roster: Roster) -> list[Row]:
    """What the clinic knows of each patient."""
    return [_patient(number, someone) for number, someone in enumerate(roster.crowd)]


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
