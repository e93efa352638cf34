"""Fills a database with a clinic, by bulk statements."""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg2.extensions import connection
from psycopg2.extras import Json, execute_values

from bench.clinic import (
    APPOINTMENT,
    CHANGE,
    DAYS_A_WEEK,
    DOCTOR,
    DOCTOR_USER,
    PATIENT,
    PATIENT_USER,
    SLOT,
    TIMES_A_WEEK,
    UPCOMING,
    WEEKS_AHEAD,
    Clinic,
)
from bench.database import Database
from bench.visitors import sign_in
from hms.devtools.demo.people import BOSE, FIRST_NAMES, LAST_NAMES

SLOTS_AT_ONCE = 25_000
FIRST_START = time(9, 0)
LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)  # of all that is there from the beginning; the past is told by it
BAR = 40  # characters

Progress = Callable[[int], None]
"""Told how many slots are there by now."""

_ID = "(%({kind})s || lpad(to_hex({number}), 12, '0'))::uuid"
_NAME = "(%(first_names)s)[1 + n %% %(firsts)s] || ' ' || (%(last_names)s)[1 + n %% %(lasts)s]"


def _id(kind: str, number: str) -> str:
    return _ID.format(kind=kind, number=number)


PEOPLE = (
    f"""
    INSERT INTO users (id, email, full_name, role, password_hash, created_at)
    SELECT {_id("doctor_user", "n")}, 'doctor-' || n || '@bench.test', 'Dr ' || {_NAME}, 'doctor', '!', %(loaded_at)s
    FROM generate_series(0, %(doctors)s - 1) AS n
    """,
    f"""
    INSERT INTO users (id, email, full_name, role, password_hash, created_at,
                       email_verified_at)
    SELECT {_id("patient_user", "n")}, 'patient-' || n || '@bench.test', {_NAME}, 'patient', '!', %(loaded_at)s,
           %(loaded_at)s
    FROM generate_series(0, %(patients)s - 1) AS n
    """,
    f"""
    INSERT INTO doctors (id, user_id, specialty_id, licence_number, years_of_experience, bio, room, languages,
                         fee_minor, approved_at)
    SELECT {_id("doctor", "n")}, {_id("doctor_user", "n")}, specialty.ids[1 + n %% cardinality(specialty.ids)],
           'GMC-' || n, n %% 40, %(bio)s, 'Room ' || n %% 40, 'English, French', 5000 + n %% 20 * 250, %(loaded_at)s
    FROM generate_series(0, %(doctors)s - 1) AS n,
         (SELECT array_agg(id ORDER BY name) AS ids FROM specialties) AS specialty
    """,
    """
    UPDATE doctors
    SET search_text = ' ' || lower(substr(users.full_name, 4)) || ' / ' || lower(specialties.name) || ' '
    FROM users, specialties
    WHERE users.id = doctors.user_id AND specialties.id = doctors.specialty_id
    """,
    f"""
    INSERT INTO patients (id, user_id, phone)
    SELECT {_id("patient", "n")}, {_id("patient_user", "n")}, '020 7946 0999'
    FROM generate_series(0, %(patients)s - 1) AS n
    """,
)

SLOTS = f"""
    INSERT INTO slots (id, doctor_id, starts_at, ends_at, status, lapsed)
    SELECT {_id("slot", "k")}, {_id("doctor", "k %% %(doctors)s")}, starts_at, starts_at + interval '20 minutes',
           CASE WHEN k < %(upcoming)s * %(doctors)s THEN 'busy' ELSE 'free' END,
           starts_at < %(loaded_at)s - interval '2 days'  -- as the nightly job leaves them
    FROM generate_series(%(first)s, %(last)s) AS k,
         LATERAL (SELECT k / %(doctors)s / %(times_a_week)s AS week) AS nth,
         LATERAL (SELECT %(monday)s
                         + CASE WHEN week < %(weeks_ahead)s THEN week ELSE %(weeks_ahead)s - 2 - week END
                         * interval '7 days'
                         + k %% %(doctors)s %% %(days_a_week)s * interval '1 day'
                         + k / %(doctors)s %% %(times_a_week)s * interval '20 minutes' AS starts_at) AS moment
    """

APPOINTMENTS = (
    f"""
    INSERT INTO appointments (id, reference, slot_id, doctor_id, patient_id, starts_at, ends_at, status,
                              idempotency_key, created_at)
    SELECT {_id("appointment", "k")}, upper(lpad(to_hex(k), 8, '0')), slots.id, doctor_id,
           {_id("patient", "(k %% %(doctors)s + k / %(doctors)s) %% %(patients)s")}, starts_at, ends_at, 'booked',
           'from-the-beginning-' || k, %(loaded_at)s
    FROM generate_series(0, %(upcoming)s * %(doctors)s - 1) AS k JOIN slots ON slots.id = {_id("slot", "k")}
    """,
    f"""
    INSERT INTO appointment_changes (id, appointment_id, actor_id, to_status, changed_at)
    SELECT {_id("change", "k")}, {_id("appointment", "k")},
           {_id("patient_user", "(k %% %(doctors)s + k / %(doctors)s) %% %(patients)s")}, 'booked', %(loaded_at)s
    FROM generate_series(0, %(upcoming)s * %(doctors)s - 1) AS k
    """,
)


def load(database: Database, clinic: Clinic, *, today: date, progress: Progress) -> None:
    """Fill an empty database that has its tables. Times start on the Monday after ``today``."""
    values = _values(clinic, today)
    with database.connected() as link:
        cursor = link.cursor()
        for statement in PEOPLE:
            cursor.execute(statement, values)
        cursor.execute("UPDATE booking_policies SET most_future_bookings = 1000")  # counted, and never too many
        _sign_everybody_in(link, clinic)
        for first in range(0, clinic.slots, SLOTS_AT_ONCE):
            last = min(first + SLOTS_AT_ONCE, clinic.slots) - 1
            cursor.execute(SLOTS, {**values, "first": first, "last": last})
            progress(last + 1)
        for statement in APPOINTMENTS:
            cursor.execute(statement, values)
        cursor.execute("VACUUM (ANALYZE)")


def _values(clinic: Clinic, today: date) -> Mapping[str, Any]:
    monday = today + timedelta(days=7 - today.weekday())
    kinds = {
        "slot": SLOT,
        "doctor": DOCTOR,
        "patient": PATIENT,
        "doctor_user": DOCTOR_USER,
        "patient_user": PATIENT_USER,
        "appointment": APPOINTMENT,
        "change": CHANGE,
    }
    numbers = {
        "doctors": clinic.doctors,
        "patients": clinic.patients,
        "upcoming": UPCOMING,
        "times_a_week": TIMES_A_WEEK,
        "weeks_ahead": WEEKS_AHEAD,
        "days_a_week": DAYS_A_WEEK,
        "firsts": len(FIRST_NAMES),
        "lasts": len(LAST_NAMES),
    }
    names = {"first_names": list(FIRST_NAMES), "last_names": list(LAST_NAMES), "bio": BOSE.bio}
    moments = {"monday": datetime.combine(monday, FIRST_START, UTC), "loaded_at": LOADED_AT}
    return {**kinds, **numbers, **names, **moments}


def _sign_everybody_in(link: connection, clinic: Clinic) -> None:
    """A session for each patient: signing a thousand people in would measure how passwords are hashed."""
    rows = [
        (one.id_hash, one.user_id, Json({"_user_id": one.user_id, "csrf_token": one.csrf}))
        for one in map(sign_in, range(clinic.patients))
    ]
    execute_values(
        link.cursor(),
        "INSERT INTO sessions (id_hash, user_id, data, created_at, last_seen_at, expires_at) VALUES %s",
        rows,
        template="(%s, %s, %s, now(), now(), now() + interval '1 day')",
        page_size=1000,
    )


def bar(words: str, total: int) -> Progress:
    """Shows on the terminal how many of ``total`` slots are there; where there is none, one line at the end."""

    def show(done: int) -> None:
        is_over = done >= total
        if sys.stderr.isatty() or is_over:
            full = BAR * done // total
            end = "\n" if is_over else ""
            print(f"\r{words} [{'#' * full}{'.' * (BAR - full)}] {done:,} slots", end=end, file=sys.stderr, flush=True)

    return show
