"""Making Google equal to us: one message means "this appointment, as it is now, in this user's calendar".

It does not say what has changed, so order and repetition do not matter. Nothing that Google answers ever changes an
appointment.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from flask import Flask

from hms import clock, outbox, worker
from hms.calendar import google, queries
from hms.calendar import signals as calendar_signals
from hms.calendar.google.errors import AccessRevoked, GoogleTrouble, Later, TokenRefused
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import tokens
from hms.calendar.services.matching import note_error, reconcile
from hms.db import new_id, transaction
from hms.outbox import Dropped, Message, PermanentFailure, TemporaryFailure
from hms.scheduling import signals
from hms.scheduling.models import Appointment
from hms.scheduling.signals import Left

KIND = "google-calendar"
CHANGED = outbox.Lookup(KIND, queries.CHANGES_NAME, queries.CHANGES)
LOST = "Google no longer lets HMS in. This is made good once the calendar is connected again."
REPAIR_EVERY_SECONDS = 6 * 3600
LOOK_AGAIN_AFTER = timedelta(minutes=1)
PATIENT_WITH_401 = 3
"""Google may refuse a fresh token for a moment; at the third message about it, the connection counts as broken."""


def appointment_changed(appointment: Appointment, *, left: Left | None = None, **_: object) -> None:
    """Have both people's calendars follow, in the transaction of the change; nobody connected, nothing stored.

    A doctor whom the appointment has ``left`` is told as well.
    """
    if not google.is_on():
        return
    _promise_for(appointment, appointment.doctor_id)
    if left is not None and left.doctor_id != appointment.doctor_id:
        _promise_for(appointment, left.doctor_id)


def _promise_for(appointment: Appointment, doctor_id: UUID) -> None:
    people = {"patient_id": str(appointment.patient_id), "doctor_id": str(doctor_id)}
    row = {"id": str(appointment.id), **people, "version": appointment.version}
    outbox.enqueue_if_found(CHANGED, row | {"patient_message": str(new_id()), "doctor_message": str(new_id())})


def calendar_connected(connection: CalendarConnection, **_: object) -> None:
    """Queue everything that is missing in a calendar: one that was connected, or connected again.

    Called in the transaction that connects. What is missing is looked up after that, when the message is sent; and once
    more a little later, for what was booked at the same moment and did not see the connection yet.
    """
    now = clock.now()
    payload = {"type": "GOOGLE_EVERYTHING", "connection": str(connection.id)}
    for due_at in (now, now + LOOK_AGAIN_AFTER):
        key = f"GOOGLE_EVERYTHING:{connection.id}:{due_at.isoformat()}"
        outbox.enqueue(KIND, payload, dedup_key=key, due_at=due_at)


def repair() -> int:
    """Queue again what calendars that work still miss: given up during an outage, or lost. How many messages."""
    return sum(map(_promise_unequal, _working())) if google.is_on() else 0


def _working() -> Iterator[CalendarConnection]:
    last = queries.NIL
    while some := queries.list_connected(after=last):
        last = some[-1].id
        yield from some


def _promise_unequal(connection: CalendarConnection) -> int:
    at, promised, last = clock.now().isoformat(timespec="seconds"), 0, queries.NIL
    while some := queries.list_unequal(connection, after=last):
        _promise(connection, some, at=at)
        promised, last = promised + len(some), some[-1][0]
    return promised


def _promise(connection: CalendarConnection, unequal: list[tuple[UUID, int]], *, at: str) -> None:
    with transaction():
        for appointment_id, version in unequal:
            payload = {
                "type": "GOOGLE_EVENT",
                "connection": str(connection.id),
                "appointment": str(appointment_id),
            }
            key = f"GOOGLE_EVENT:{connection.id}:{appointment_id}:{version}:{at}"
            outbox.enqueue(KIND, payload, dedup_key=key, subject_id=appointment_id)


def deliver(message: Message) -> None:
    """Do what a message of this kind asks; it may come twice, late, or in another order than it was written."""
    connection = _connection_of(message)
    if message.payload["type"] == "GOOGLE_EVERYTHING":
        _promise_unequal(connection)
        return
    try:
        reconcile(connection, UUID(message.payload["appointment"]), is_forced=message.attempt > 1)
    except GoogleTrouble as trouble:
        raise _failure(connection, trouble, attempt=message.attempt) from trouble


def _connection_of(message: Message) -> CalendarConnection:
    connection = queries.find_connection(UUID(message.payload["connection"]))
    if connection is None or connection.status == ConnectionStatus.ENDED:
        raise Dropped("Google Calendar was disconnected.")
    if connection.status == ConnectionStatus.BROKEN:
        raise Dropped(LOST)
    if not connection.user.is_active:
        raise Dropped("The account is closed.")
    return connection


def _failure(connection: CalendarConnection, trouble: GoogleTrouble, *, attempt: int) -> Exception:
    """What the outbox does about a trouble; the user reads the same words on the settings page."""
    if isinstance(trouble, AccessRevoked) or (
        attempt >= PATIENT_WITH_401 and tokens.give_up_on_401(connection, trouble)
    ):
        return Dropped(LOST)
    note_error(connection, str(trouble))
    if isinstance(trouble, Later | TokenRefused):
        return TemporaryFailure(str(trouble), wait=getattr(trouble, "wait", None))
    return PermanentFailure(str(trouble))


def init_app(app: Flask) -> None:
    """Listen to scheduling; deliver and repair where Google is set up."""
    for signal in (signals.appointment_booked, signals.appointment_moved, signals.appointment_cancelled):
        signal.connect(appointment_changed)
    calendar_signals.calendar_connected.connect(calendar_connected)
    if app.config["GOOGLE_CLIENT_ID"]:
        outbox.register(app, KIND, deliver)
    worker.every(REPAIR_EVERY_SECONDS, "repair calendars", repair)
