"""Who has connected a Google account, which events of ours are in it, and where the private feeds are."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hms.auth.models import User
from hms.db import Model, new_id
from hms.scheduling.models import Appointment


class ConnectionStatus(StrEnum):
    """Where a connection stands."""

    CONNECTED = "connected"
    BROKEN = "broken"  # Google no longer takes our token; the user can connect again
    ENDED = "ended"  # the user has disconnected, or connected another account


class EventState(StrEnum):
    """What Google has of an event, as far as we know."""

    PLANNED = "planned"  # about to be written: it may be there, if the worker stopped between writing and noting
    THERE = "there"
    REMOVED = "removed"


class CalendarConnection(Model):
    """One user's Google account. An account connected after another one, or after disconnecting, is a new row.

    Only the refresh token is kept, sealed (:mod:`hms.vault`), and only while it is of use. Whoever holds
    ``token_leased_until`` may ask Google for an access token; nobody else does meanwhile.
    """

    __tablename__ = "calendar_connections"
    __table_args__ = (
        CheckConstraint("status IN ('connected', 'broken', 'ended')", name="status"),
        CheckConstraint("status <> 'connected' OR refresh_token IS NOT NULL", name="refresh_token"),
        Index("uq_calendar_connections_user", "user_id", unique=True, postgresql_where=text("status <> 'ended'")),
        Index("ix_calendar_connections_user_id", "user_id"),
        Index("ix_calendar_connections_busy", "next_busy_at", postgresql_where=text("status = 'connected'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    google_sub: Mapped[str] = mapped_column(String(255))  # the account's name for ever (OpenID Connect Core, 5.1)
    google_email: Mapped[str] = mapped_column(String(254))  # for people to read; it never says who somebody is
    scopes: Mapped[str] = mapped_column(Text)  # what was really granted, separated by blanks
    refresh_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(20))
    connected_at: Mapped[datetime]
    last_synced_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))  # in words for the user; none since it worked again
    broken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    token_leased_until: Mapped[datetime | None]
    busy_checked_at: Mapped[datetime | None]  # when the stored busy times were read; none while none are stored
    busy_failures: Mapped[int] = mapped_column(default=0, server_default="0")  # in a row
    next_busy_at: Mapped[datetime | None]  # when busy times are read next; none: never (not a doctor, or not granted)

    user: Mapped[User] = relationship()

    def __repr__(self) -> str:
        return f"<CalendarConnection {self.id} {self.status}>"


class CalendarEvent(Model):
    """One appointment in one connected calendar.

    ``generation`` counts the events that stood for it: Google never gives the id of a deleted event again.
    ``starts_at`` and ``ends_at`` are those last written there, so that our own events do not count as busy.
    """

    __tablename__ = "calendar_events"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'there', 'removed')", name="state"),
        CheckConstraint("generation >= 1", name="generation"),
        UniqueConstraint("connection_id", "appointment_id"),
        Index("ix_calendar_events_appointment_id", "appointment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey(CalendarConnection.id))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey(Appointment.id))
    generation: Mapped[int] = mapped_column(default=1, server_default="1")
    google_event_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    synced_version: Mapped[int | None]  # the appointment's version that Google has; none before the first
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    meet_url: Mapped[str | None] = mapped_column(String(300))

    connection: Mapped[CalendarConnection] = relationship()
    appointment: Mapped[Appointment] = relationship()


class CalendarFeed(Model):
    """A user's private feed. The address is shown once, when it is made; only its token's hash is kept."""

    __tablename__ = "calendar_feeds"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)  # SHA-256
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship()
