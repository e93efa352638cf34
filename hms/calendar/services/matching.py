"""Making one event at Google equal to one appointment.

Whoever writes to Google looks afterwards whether the appointment is still what was written, and goes round once more if
it is not: so the last one to write has written how things stand. Our note of the event is always ahead of Google: an id
is noted before it is used, so that a worker that stops anywhere leaves nothing behind that nobody knows of.
"""

from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from flask import current_app
from sqlalchemy import Update, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms import clock
from hms.availability.models import Mode
from hms.calendar import queries
from hms.calendar.google import events
from hms.calendar.google.api import GoogleCalendar
from hms.calendar.google.errors import AlreadyThere, Gone, Later, Refused
from hms.calendar.models import CalendarConnection, CalendarEvent, EventState
from hms.calendar.services import tokens
from hms.db import new_id, transaction
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.queries import load_appointment

MAX_ROUNDS = 5
MAX_GENERATIONS = 20


class Plan(NamedTuple):
    """What Google has to be told of an appointment. ``event`` is None when it has to go."""

    row_id: UUID
    generation: int
    is_there: bool
    has_meet: bool
    appointment_id: UUID
    user_id: UUID
    version: int
    event: dict[str, Any] | None
    wants_meet: bool

    @property
    def event_id(self) -> str:
        """The event's id at Google."""
        return events.event_id(self.appointment_id, user_id=self.user_id, generation=self.generation)

    @property
    def body(self) -> dict[str, Any]:
        """The event as it is sent, with its id, and with the wish for a Meet as long as there is none."""
        body = {**(self.event or {}), "id": self.event_id}
        if self.wants_meet and not self.has_meet:
            return {**body, "conferenceData": events.conference(self.event_id)}
        return {**body, "conferenceData": None} if self.has_meet and not self.wants_meet else body


def reconcile(connection: CalendarConnection, appointment_id: UUID, *, is_forced: bool) -> None:
    """Have the calendar show the appointment as it is now. ``is_forced``: also if our note says that it does.

    Raises :class:`GoogleTrouble`.
    """
    for turn in range(MAX_ROUNDS):
        plan = _plan(connection, appointment_id, is_forced=is_forced or turn > 0)
        if plan is None:
            return
        with tokens.calendar_of(connection) as calendar:
            plan, answer = _put(calendar, plan) if plan.event else _remove(calendar, plan)
        if _note(connection, plan, answer):
            if plan.wants_meet and not (plan.has_meet or events.meet_url_in(answer)):
                raise Later("Google hasn’t made the Meet yet.")
            return
    raise Later("The appointment changes faster than we can tell Google Calendar.")


def _plan(connection: CalendarConnection, appointment_id: UUID, *, is_forced: bool) -> Plan | None:
    """What to tell Google; nothing when it knows. From here on the event counts as one that may be there."""
    with transaction() as session:
        appointment = load_appointment(appointment_id)
        row = _row(session, connection, appointment)
        if row is None or (_is_equal(connection, row, appointment) and not is_forced):
            return None
        is_wanted = _is_wanted(connection, appointment)
        row.state = EventState.PLANNED
        if is_wanted:
            row.starts_at, row.ends_at = appointment.starts_at, appointment.ends_at
        return Plan(
            row_id=row.id,
            generation=row.generation,
            is_there=row.synced_version is not None,
            has_meet=row.meet_url is not None,
            appointment_id=appointment.id,
            user_id=connection.user_id,
            version=appointment.version,
            event=events.event_of(appointment, user_id=connection.user_id) if is_wanted else None,
            wants_meet=is_wanted and _wants_meet(connection, appointment),
        )


def _row(session: Session, connection: CalendarConnection, appointment: Appointment) -> CalendarEvent | None:
    """Our note of the event, made if there is none; none for a cancelled appointment that never had an event.

    An event that an earlier connection of the same account left behind keeps its generation, so it is found again.
    """
    event = queries.lock_event(connection, appointment.id)
    if event is not None:
        return event
    generation = queries.latest_generation(connection, appointment.id)
    if generation is None and not _is_wanted(connection, appointment):
        return None
    values = {
        "id": new_id(),
        "connection_id": connection.id,
        "appointment_id": appointment.id,
        "generation": generation or 1,
        "google_event_id": events.event_id(appointment.id, user_id=connection.user_id, generation=generation or 1),
        "state": EventState.PLANNED,
    }
    session.execute(insert(CalendarEvent).values(values).on_conflict_do_nothing())
    return queries.lock_event(connection, appointment.id)


def _is_wanted(connection: CalendarConnection, appointment: Appointment) -> bool:
    """Whether the appointment takes place and is this person's; it may have gone to another doctor."""
    people = (appointment.patient.user_id, appointment.doctor.user_id)
    return appointment.status != AppointmentStatus.CANCELLED and connection.user_id in people


def _is_equal(connection: CalendarConnection, row: CalendarEvent, appointment: Appointment) -> bool:
    wanted = EventState.THERE if _is_wanted(connection, appointment) else EventState.REMOVED
    return row.state == wanted and row.synced_version == appointment.version


def _wants_meet(connection: CalendarConnection, appointment: Appointment) -> bool:
    """One Meet for both people: the one in the doctor's calendar."""
    is_doctors = connection.user_id == appointment.doctor.user_id
    return current_app.config["GOOGLE_MEET"] and is_doctors and appointment.mode == Mode.ONLINE


def _remove(calendar: GoogleCalendar, plan: Plan) -> tuple[Plan, dict[str, Any]]:
    with suppress(Gone):
        calendar.delete(plan.event_id)
    return plan, {}


def _put(calendar: GoogleCalendar, plan: Plan) -> tuple[Plan, dict[str, Any]]:
    """Have the event stand there; what its user has deleted, under the id of the next generation."""
    for _ in range(MAX_GENERATIONS):
        answer = _patch(calendar, plan) if plan.is_there else _insert(calendar, plan)
        if answer is not None:
            return plan, answer
        plan = _next_generation(plan)
    raise Later("Google Calendar has had too many events for this appointment.")


def _insert(calendar: GoogleCalendar, plan: Plan) -> dict[str, Any] | None:
    try:
        return calendar.insert(plan.body)
    except AlreadyThere:  # by us: an answer that was lost, another worker, an earlier connection
        return _adopt(calendar, plan)
    except Gone as error:
        raise Refused("This Google account has no calendar.") from error


def _adopt(calendar: GoogleCalendar, plan: Plan) -> dict[str, Any] | None:
    """Change the event that has our id already; none if it is deleted, or not ours."""
    try:
        found = calendar.get(plan.event_id)
    except Gone:
        return None
    if not events.is_ours(found, appointment_id=plan.appointment_id, user_id=plan.user_id):
        return None
    return _patch(calendar, plan) if found.get("status") != "cancelled" else None


def _patch(calendar: GoogleCalendar, plan: Plan) -> dict[str, Any] | None:
    """The event as it is now; none if its user has deleted it."""
    try:
        answer = calendar.patch(plan.event_id, plan.body)
    except Gone:
        return None
    return answer if answer.get("status") != "cancelled" else None


def _next_generation(plan: Plan) -> Plan:
    """The plan under the next id, noted before Google hears of it; or under the one that another worker has noted."""
    generation = plan.generation + 1
    event_id = events.event_id(plan.appointment_id, user_id=plan.user_id, generation=generation)
    mine = update(CalendarEvent).where(CalendarEvent.id == plan.row_id).execution_options(synchronize_session=False)
    renewed = mine.where(CalendarEvent.generation == plan.generation).values(
        generation=generation, google_event_id=event_id, synced_version=None, meet_url=None
    )
    with transaction() as session:
        session.execute(renewed)
        generation = session.scalars(select(CalendarEvent.generation).where(CalendarEvent.id == plan.row_id)).one()
    return plan._replace(generation=generation, is_there=False, has_meet=False)


def _note(connection: CalendarConnection, plan: Plan, answer: dict[str, Any]) -> bool:
    """Write down what Google has now. Whether that is how things stand: if not, somebody has changed them meanwhile."""
    with transaction() as session:
        session.execute(_this(connection).values(last_synced_at=clock.now(), last_error=None))
        row = queries.lock_event(connection, plan.appointment_id)
        version = session.scalars(select(Appointment.version).where(Appointment.id == plan.appointment_id)).one()
        if row is None or row.generation != plan.generation or version != plan.version:
            return False
        row.state = EventState.THERE if plan.event else EventState.REMOVED
        row.synced_version = plan.version
        row.meet_url = (events.meet_url_in(answer) or row.meet_url) if plan.wants_meet else None
        return True


def note_error(connection: CalendarConnection, words: str) -> None:
    """Keep for the user what went wrong last."""
    with transaction() as session:
        session.execute(_this(connection).values(last_error=words[:500]))


def _this(connection: CalendarConnection) -> Update:
    mine = update(CalendarConnection).where(CalendarConnection.id == connection.id)
    return mine.execution_options(synchronize_session=False)
