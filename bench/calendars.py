"""Google calendars that people of a clinic have connected, with their appointments in them."""

import secrets
from collections.abc import Iterator
from uuid import UUID

from psycopg2.extras import execute_values

from bench.clinic import DOCTOR_USER, PATIENT_USER, Clinic, uuid_of
from bench.database import Database
from bench.load import LOADED_AT
from hms import vault
from hms.calendar.google.scopes import EVENTS

EVERY_DOCTOR, EVERY_PATIENT = 2, 4  # every second doctor and every fourth patient have connected one

CONNECTIONS = """
    INSERT INTO calendar_connections (id, user_id, google_sub, google_email, scopes, refresh_token, status,
                                      connected_at)
    VALUES %s
    """
OF_ONE = "(gen_random_uuid(), %s, %s, %s, %s, %s, 'connected', %s)"
THERE = """
    INSERT INTO calendar_events (id, connection_id, appointment_id, google_event_id, state, synced_version,
                                 starts_at, ends_at)
    SELECT gen_random_uuid(), connections.id, appointments.id, md5(connections.id::text || appointments.id), 'there',
           version, starts_at, ends_at
    FROM appointments
         JOIN doctors ON doctors.id = doctor_id
         JOIN patients ON patients.id = patient_id
         JOIN calendar_connections AS connections ON connections.user_id IN (doctors.user_id, patients.user_id)
    """


def connect(database: Database, clinic: Clinic) -> None:
    """Connect the calendars of a clinic that has been loaded, within an application that has the key.

    Nobody lets HMS read busy times: those are asked for by the clock, whether people book or not.
    """
    with database.connected() as link, link.cursor() as cursor:
        execute_values(cursor, CONNECTIONS, [_connection(user_id) for user_id in _users(clinic)], template=OF_ONE)
        cursor.execute(THERE)
        cursor.execute("VACUUM (ANALYZE) calendar_connections, calendar_events")


def are_told(database: Database) -> bool:
    """Whether Google has taken an event since the calendars were connected."""
    with database.connected() as link, link.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM calendar_connections WHERE last_synced_at IS NOT NULL)")
        return bool((cursor.fetchone() or (False,))[0])


def _users(clinic: Clinic) -> Iterator[UUID]:
    yield from (uuid_of(DOCTOR_USER, number) for number in range(0, clinic.doctors, EVERY_DOCTOR))
    yield from (uuid_of(PATIENT_USER, number) for number in range(0, clinic.patients, EVERY_PATIENT))


def _connection(user_id: UUID) -> tuple[object, ...]:
    sealed = vault.seal(secrets.token_urlsafe(75), owner_id=user_id, purpose=vault.REFRESH_TOKEN)
    return str(user_id), user_id.hex, f"{user_id.hex}@gmail.example", EVENTS, sealed, LOADED_AT
