"""Access tokens: one worker at a time asks Google for one, and it lives in that worker's memory only.

The lease, not a lock, keeps two workers from refreshing one connection at once: nothing in the database is held while
Google is asked. That matters when Google replaces the refresh token, as the old one may be dead by then.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import or_, update

from hms import clock, vault
from hms.calendar.google import api
from hms.calendar.google.errors import AccessRevoked, GoogleTrouble, Later, Refused, TokenRefused
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import connections
from hms.db import transaction

LEASE = timedelta(seconds=40)
"""Longer than Google is waited for when it is asked for a token."""

WAIT_SECONDS, LOOK_AGAIN_SECONDS = 5.0, 0.1
NOT_CONNECTED = "This calendar is no longer connected."
SPARE = timedelta(minutes=2)
"""A token is not used in its last minutes: it would end on its way."""


@dataclass(frozen=True)
class Kept:
    """An access token, until when it is used, and when what it is for was consented to."""

    token: str = field(repr=False)
    ends_at: datetime
    consented_at: datetime


_kept: dict[UUID, Kept] = {}


@contextmanager
def calendar_of(connection: CalendarConnection) -> Iterator[api.GoogleCalendar]:
    """The Google Calendar behind a connection. Whatever is done with it may raise ``GoogleTrouble``."""
    with api.open_calendar(partial(access_token, connection.id, consented_at=connection.connected_at)) as calendar:
        yield calendar


def access_token(connection_id: UUID, refused: str | None = None, *, consented_at: datetime | None = None) -> str:
    """A token that opens the calendar; another one than ``refused``, if that was not taken.

    None from before ``consented_at``: who connects again may have allowed more, and an older token does not know it.
    Raises :class:`AccessRevoked` when Google no longer lets us in, :class:`Later` when it cannot be asked now.
    """
    kept = _kept.get(connection_id)
    if kept and kept.token != refused and kept.ends_at > clock.now() and not _is_older(kept, consented_at):
        return kept.token
    _kept.pop(connection_id, None)
    return _refresh(connection_id)


def _is_older(kept: Kept, consented_at: datetime | None) -> bool:
    return consented_at is not None and kept.consented_at < consented_at


def forget(connection_id: UUID) -> None:
    """Drop what this process remembers of a connection."""
    _kept.pop(connection_id, None)


def give_up_on_401(connection: CalendarConnection, trouble: GoogleTrouble) -> bool:
    """Mark the connection as broken if the trouble is that Google refuses even fresh tokens. Whether it is broken."""
    if not isinstance(trouble, TokenRefused) or connection.refresh_token is None:
        return False
    forget(connection.id)
    return connections.mark_broken(connection.id, sealed=connection.refresh_token)


def _refresh(connection_id: UUID) -> str:
    connection, lease = _lease(connection_id)
    used = sealed = connection.refresh_token
    try:
        grant = _exchange(connection)
        if grant.refresh_token:
            sealed = vault.seal(grant.refresh_token, owner_id=connection.user_id, purpose=vault.REFRESH_TOKEN)
    except BaseException:
        _hand_back(connection_id, lease)
        raise
    _hand_back(connection_id, lease, used=used, sealed=sealed)
    _kept[connection_id] = Kept(grant.access_token, clock.now() + grant.lasts - SPARE, connection.connected_at)
    return grant.access_token


def _exchange(connection: CalendarConnection) -> api.Grant:
    """What Google gives for the connection's token. If it is dead, the connection is marked as broken."""
    sealed = connection.refresh_token
    if connection.status != ConnectionStatus.CONNECTED or sealed is None:
        raise AccessRevoked(NOT_CONNECTED)
    try:
        return api.refresh(vault.unseal(sealed, owner_id=connection.user_id, purpose=vault.REFRESH_TOKEN))
    except vault.Unreadable as error:
        raise Refused("We can’t read the permission Google gave us. Disconnect, then connect again.") from error
    except AccessRevoked as error:
        if not connections.mark_broken(connection.id, sealed=sealed):  # connected again at this very moment
            raise Later("The connection has since changed.") from error
        raise


def _lease(connection_id: UUID) -> tuple[CalendarConnection, datetime]:
    """The connection as it is now, and until when nobody else asks for a token of it."""
    gives_up_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < gives_up_at:
        if leased := _try_lease(connection_id):
            return leased
        time.sleep(LOOK_AGAIN_SECONDS)
    raise Later("Another worker is asking Google for access.")


def _try_lease(connection_id: UUID) -> tuple[CalendarConnection, datetime] | None:
    now = clock.now()
    is_free = or_(CalendarConnection.token_leased_until.is_(None), CalendarConnection.token_leased_until <= now)
    leased = (
        update(CalendarConnection)
        .where(CalendarConnection.id == connection_id, is_free)
        .values(token_leased_until=now + LEASE)
        .returning(CalendarConnection)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    with transaction() as session:
        connection = session.scalars(leased).one_or_none()
        return (connection, now + LEASE) if connection is not None else None


def _hand_back(connection_id: UUID, lease: datetime, *, used: bytes | None = None, sealed: bytes | None = None) -> None:
    """End the lease. A replaced token is stored unless the user has disconnected, or connected again, meanwhile."""
    ours = (
        update(CalendarConnection)
        .where(CalendarConnection.id == connection_id, CalendarConnection.token_leased_until == lease)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        if sealed != used:
            session.execute(ours.where(CalendarConnection.refresh_token == used).values(refresh_token=sealed))
        session.execute(ours.values(token_leased_until=None))
