"""Connections, our events in them, and what is missing there."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import aliased, joinedload

from hms import clock
from hms.auth.models import Doctor, Patient, User
from hms.calendar.models import CalendarConnection, CalendarEvent, CalendarFeed, ConnectionStatus, EventState
from hms.db import db
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus

Interval = tuple[datetime, datetime]
MAX_IN_A_FEED = 1000
NIL = UUID(int=0)
AT_ONCE = 200
"""How many rows a job reads at a time; it goes on after the last one."""


def find_connection(connection_id: UUID) -> CalendarConnection | None:
    """A connection as it stands now, with its user."""
    statement = select(CalendarConnection).where(CalendarConnection.id == connection_id)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def find_live_connection(user_id: UUID) -> CalendarConnection | None:
    """The user's connection, working or broken; none when nothing is connected."""
    statement = select(CalendarConnection).where(
        CalendarConnection.user_id == user_id, CalendarConnection.status != ConnectionStatus.ENDED
    )
    return db.session.scalar(statement.execution_options(populate_existing=True))


def is_account_in_use(google_sub: str) -> bool:
    """Whether anybody is connected with that Google account."""
    live = (
        exists()
        .where(CalendarConnection.google_sub == google_sub)
        .where(CalendarConnection.status != ConnectionStatus.ENDED)
    )
    return bool(db.session.scalar(select(live)))


def list_sealed(*, after: UUID = NIL) -> list[UUID]:
    """The next 200 connections that a sealed token is stored of, by id."""
    sealed = select(CalendarConnection.id).where(CalendarConnection.refresh_token.isnot(None))
    some = sealed.where(CalendarConnection.id > after).order_by(CalendarConnection.id)
    return list(db.session.scalars(some.limit(AT_ONCE)))


def _messages_for_changes() -> Select[Any]:
    """The messages "make Google equal to us" about appointments, for each of their people who has connected an account.

    Broken connections count: this one may be repaired by the time the message is looked at.
    """
    columns = [column(name, Uuid()) for name in ("patient_message", "doctor_message", "id", "patient_id", "doctor_id")]
    rows = func.jsonb_to_recordset(bindparam(CHANGES_NAME, type_=JSONB))
    changed = rows.table_valued(*columns, column("version", Integer()), name="changed").render_derived(with_types=True)
    connection_id = cast(CalendarConnection.id, String)
    payload = func.jsonb_build_object(
        _text("type"), _text("GOOGLE_EVENT"), _text("connection"), connection_id, _text("appointment"), changed.c.id
    )
    key = func.concat_ws(_text(":"), _text("GOOGLE_EVENT"), connection_id, changed.c.id, changed.c.version)
    named = (payload.label("payload"), key.label("dedup_key"), changed.c.id.label("subject_id"))
    people = ((Patient, changed.c.patient_id, "patient_message"), (Doctor, changed.c.doctor_id, "doctor_message"))
    found = [
        select(changed.c[message].label("id"), *named)
        .join_from(changed, person, person.id == person_id)
        .join(CalendarConnection, person.user_id == CalendarConnection.user_id)
        .where(CalendarConnection.status != ConnectionStatus.ENDED)
        for person, person_id, message in people
    ]
    return select(union_all(*found).subquery())


def _text(word: str) -> ColumnElement[str]:
    return literal(word, String())


CHANGES_NAME = "calendar_changes"
CHANGES = _messages_for_changes()
"""Takes rows of an appointment's ``id``, ``version``, ``patient_id`` and ``doctor_id``, and an id for each message."""


def lock_event(connection: CalendarConnection, appointment_id: UUID) -> CalendarEvent | None:
    """What stands for the appointment in that calendar, locked until the transaction ends and read anew."""
    statement = select(CalendarEvent).where(
        CalendarEvent.connection_id == connection.id, CalendarEvent.appointment_id == appointment_id
    )
    return db.session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def latest_generation(connection: CalendarConnection, appointment_id: UUID) -> int | None:
    """The last generation of the event in the same Google account, through any connection; none if there was none."""
    return db.session.scalar(
        select(func.max(CalendarEvent.generation))
        .join(CalendarConnection, CalendarEvent.connection_id == CalendarConnection.id)
        .where(CalendarEvent.appointment_id == appointment_id, _same_account(connection))
    )


def list_unequal(connection: CalendarConnection, *, after: UUID = NIL) -> list[tuple[UUID, int]]:
    """Id and version of the next 200 appointments, by id, that this calendar shows not at all, or not as they are.

    Those to come count, and those that are past but stand there as they no longer are.
    """
    own, earlier = aliased(CalendarEvent), aliased(CalendarEvent)
    theirs = select(Patient.id).where(Patient.user_id == connection.user_id)
    doctors = select(Doctor.id).where(Doctor.user_id == connection.user_id)
    left_behind = (
        exists()
        .where(earlier.connection_id == CalendarConnection.id, _same_account(connection))
        .where(earlier.appointment_id == Appointment.id, earlier.state != EventState.REMOVED)
    )
    is_live = Appointment.status != AppointmentStatus.CANCELLED
    missing = and_(own.id.is_(None), or_(and_(is_live, Appointment.ends_at > clock.now()), and_(~is_live, left_behind)))
    stale = and_(own.id.isnot(None), or_(own.state == EventState.PLANNED, own.synced_version != Appointment.version))
    statement = (
        select(Appointment.id, Appointment.version)
        .outerjoin(own, and_(own.appointment_id == Appointment.id, own.connection_id == connection.id))
        .where(or_(Appointment.patient_id.in_(theirs), Appointment.doctor_id.in_(doctors)), or_(missing, stale))
        .where(Appointment.id > after)
        .order_by(Appointment.id)
        .limit(AT_ONCE)
    )
    return [(row.id, row.version) for row in db.session.execute(statement)]


def _same_account(connection: CalendarConnection) -> ColumnElement[bool]:
    return and_(
        CalendarConnection.user_id == connection.user_id, CalendarConnection.google_sub == connection.google_sub
    )


def list_owners_without_a_right(*, after: UUID = NIL) -> list[User]:
    """The next 200, by id, who have a Google account connected while the account here is closed, or its address was
    never proved."""
    connected = select(User).join(CalendarConnection, CalendarConnection.user_id == User.id)
    has_none = or_(User.deactivated_at.is_not(None), User.email_verified_at.is_(None))
    some = connected.where(CalendarConnection.status != ConnectionStatus.ENDED, has_none, User.id > after)
    return list(db.session.scalars(some.order_by(User.id).limit(AT_ONCE)))


def list_connected(*, after: UUID = NIL) -> list[CalendarConnection]:
    """The next 200 connections that work, by id."""
    working = select(CalendarConnection).where(CalendarConnection.status == ConnectionStatus.CONNECTED)
    some = working.where(CalendarConnection.id > after).order_by(CalendarConnection.id)
    return list(db.session.scalars(some.limit(AT_ONCE)))


def own_intervals(connection: CalendarConnection, *, starts_at: datetime, ends_at: datetime) -> list[Interval]:
    """Where our own events stand in that calendar, as last written there, if they touch ``[starts_at, ends_at)``."""
    statement = (
        select(CalendarEvent.starts_at, CalendarEvent.ends_at)
        .where(CalendarEvent.connection_id == connection.id, CalendarEvent.state != EventState.REMOVED)
        .where(CalendarEvent.starts_at < ends_at, CalendarEvent.ends_at > starts_at)
    )
    return [(row.starts_at, row.ends_at) for row in db.session.execute(statement)]


def list_stale_busy(*, before: datetime) -> list[CalendarConnection]:
    """Up to 200 connections whose stored busy times were read before a moment."""
    stale = select(CalendarConnection).where(CalendarConnection.busy_checked_at < before)
    return list(db.session.scalars(stale.limit(AT_ONCE)))


def find_doctor_id(user_id: UUID) -> UUID | None:
    """The doctor behind an account, if it is a doctor's."""
    return db.session.scalar(select(Doctor.id).where(Doctor.user_id == user_id))


def find_meet_url(appointment: Appointment) -> str | None:
    """The Google Meet of an appointment, made in its doctor's calendar."""
    statement = (
        select(CalendarEvent.meet_url)
        .where(CalendarEvent.appointment_id == appointment.id, CalendarEvent.meet_url.isnot(None))
        .where(CalendarEvent.state == EventState.THERE)
        .limit(1)
    )
    return db.session.scalar(statement)


class FeedEntry(NamedTuple):
    """An appointment, and when it last changed."""

    appointment: Appointment
    changed_at: datetime


class FeedOwner(NamedTuple):
    """Whose a feed is, and a mark that is another as soon as anything in the feed is."""

    user: User
    mark: str


def find_feed_owner(token_hash: bytes, *, since: datetime) -> FeedOwner | None:
    """Whose private feed has a token with that hash; nobody's if the account is closed, or its email not proved.

    One statement reads the mark along: no person's row becomes an object for it, and nothing is written down.
    """
    owner_id = select(CalendarFeed.user_id).where(CalendarFeed.token_hash == token_hash).scalar_subquery()
    inside = _in_feed(owner_id, Appointment.id, _changed_at().label("changed_at"), since=since).subquery()
    patients, doctors = aliased(User), aliased(User)
    content = func.concat_ws(
        literal("|", String),
        *(Appointment.id, Appointment.version, Appointment.status, Appointment.mode, Patient.wants_reminders),
        *(func.date_part("epoch", moment) for moment in (Appointment.starts_at, Appointment.ends_at)),
        *(func.date_part("epoch", inside.c.changed_at), Doctor.room, patients.full_name, doctors.full_name),
    )
    mark = (
        select(func.md5(func.string_agg(content, aggregate_order_by(literal("\n", String), Appointment.id))))
        .join(inside, inside.c.id == Appointment.id)
        .join(Doctor, Appointment.doctor_id == Doctor.id)
        .join(Patient, Appointment.patient_id == Patient.id)
        .join(doctors, Doctor.user_id == doctors.id)
        .join(patients, Patient.user_id == patients.id)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(User, func.coalesce(mark, "")).where(
            User.id == owner_id, User.deactivated_at.is_(None), User.email_verified_at.is_not(None)
        )
    ).first()
    return FeedOwner(*row) if row else None


def list_for_feed(user: User, *, since: datetime) -> list[FeedEntry]:
    """The user's appointments that end after ``since`` and are not cancelled, soonest first.

    At most 1000: what is to come goes before what is over.
    """
    statement = (
        _in_feed(user.id, Appointment, _changed_at(), since=since)
        .options(joinedload(Appointment.doctor).joinedload(Doctor.user))
        .options(joinedload(Appointment.patient).joinedload(Patient.user))
        .execution_options(populate_existing=True)
    )
    entries = [FeedEntry(*row) for row in db.session.execute(statement)]
    return sorted(entries, key=lambda entry: (entry.appointment.starts_at, entry.appointment.id))


def _in_feed(user_id: Any, *columns: Any, since: datetime) -> Select[Any]:
    """What the feed of this user holds: the list and its mark are about the same rows."""
    theirs = select(Patient.id).where(Patient.user_id == user_id)
    doctors = select(Doctor.id).where(Doctor.user_id == user_id)
    return (
        select(*columns)
        .where(or_(Appointment.patient_id.in_(theirs), Appointment.doctor_id.in_(doctors)))
        .where(Appointment.ends_at > since, Appointment.status != AppointmentStatus.CANCELLED)
        .order_by(Appointment.ends_at <= clock.now(), Appointment.starts_at, Appointment.id)
        .limit(MAX_IN_A_FEED)
    )


def _changed_at() -> ColumnElement[datetime]:
    last = select(func.max(AppointmentChange.changed_at)).where(AppointmentChange.appointment_id == Appointment.id)
    return func.coalesce(last.scalar_subquery(), Appointment.created_at)


def find_feed(user_id: UUID) -> CalendarFeed | None:
    """The user's private feed, if there is one."""
    return db.session.get(CalendarFeed, user_id)
