"""Connecting a Google account and letting go of it. Google itself is asked before or after, never inside of these."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import Update, select, update

from hms import audit, clock, outbox, vault, worker
from hms.auth import services as accounts
from hms.auth.models import User
from hms.auth.queries import Account
from hms.auth.signals import access_ended
from hms.calendar import emails, queries, signals
from hms.calendar.google import oauth, scopes
from hms.calendar.google.errors import Later
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.db import db, transaction
from hms.errors import Conflict, Invalid, Refusal
from hms.outbox import Dropped, Message, PermanentFailure, TemporaryFailure

REVOKE = "google-revoke"
CLOSED_EVERY_SECONDS = 600
TESTING_LASTS = timedelta(days=7)
"""How long a permission lasts while the clinic's consent screen is in "Testing"; a day is for noticing."""

LOST = "Google no longer lets us into your calendar. Reconnect it."
LOST_EARLY = (
    "Google ended the permission, perhaps within 7 days of connecting. Reconnect your calendar. If you didn’t remove "
    "it yourself and this happens again, tell the clinic: its registration with Google isn’t finished."
)


class NoCalendar(Invalid):
    """The box for the calendar was not ticked."""

    code, title = "no-calendar", "Your calendar isn’t connected"
    message = "Google didn’t let us add events to your calendar. Connect again and leave the box for events ticked."


class NotLasting(Invalid):
    """Google gave a permission for an hour only."""

    code, title = "not-lasting", "Your calendar isn’t connected"
    message = "Google didn’t give us lasting permission. Connect again."


class AlreadyEnded(Conflict):
    """Nothing is connected."""

    code, title = "not-connected", "Nothing is connected"
    message = "Your Google Calendar was already disconnected."


def init_app(app: Flask) -> None:
    """Have permissions taken back, the mail about a lost one composed, and what closed accounts leave ended."""
    outbox.register(app, REVOKE, revoke)
    emails.init_app(app)
    worker.every(CLOSED_EVERY_SECONDS, "end calendars of closed accounts", end_without_a_right)
    access_ended.connect(end_connection)


def link(user: User | Account, code: str, *, verifier: str, nonce: str, proved_hash: str) -> CalendarConnection:
    """Ask Google what the code stands for, and keep that. Nothing of the database is held while Google is waited for.

    Raises what :func:`connect` and :func:`hms.calendar.google.oauth.exchange` raise. What Google gave for nothing is
    given back.
    """
    user_id = user.id
    db.session.rollback()
    grant = oauth.exchange(code, verifier=verifier, nonce=nonce)
    try:
        return connect(db.session.get_one(User, user_id), grant, proved_hash=proved_hash)
    except Refusal:
        _give_back(grant)
        raise


def _give_back(grant: Grant) -> None:
    """Best effort, and not where the account is in use: Google would take that permission back as well."""
    is_still_used = queries.is_account_in_use(grant.sub)
    db.session.rollback()
    if not is_still_used:
        with suppress(Later):
            oauth.revoke(grant.refresh_token or grant.access_token)


def connect(user: User, grant: Grant, *, proved_hash: str) -> CalendarConnection:
    """Keep what the user allowed. The same account again goes on with the same connection; another one replaces it.

    The owner is told by mail of an account that is new. Raises :class:`NoCalendar`, :class:`NotLasting`,
    :class:`~hms.auth.services.WrongPassword` unless the account still has the hash that the password was checked
    against, or :class:`~hms.auth.services.Unverified`, and then keeps nothing.
    """
    if not scopes.granted(grant.scopes, scopes.EVENTS):
        raise NoCalendar
    now = clock.now()
    with transaction() as session:
        user = accounts.lock_to_grant(session, user.id, proved_hash=proved_hash)
        connection = queries.find_live_connection(user.id)
        if connection is not None and connection.google_sub != grant.sub:
            _end(connection, now)
            session.flush()
            connection = None
        if connection is None:
            connection = CalendarConnection(user_id=user.id, google_sub=grant.sub)
            accounts.tell_of_grant(user, "google")
        _keep(connection, user, grant, now)
        session.add(connection)
        session.flush()
        audit.record("calendar-connected", subject=("connection", connection.id))
        signals.calendar_connected.send(connection)
    _warn_of_testing(grant)
    return connection


def _one_at_a_time(user: User | Account) -> None:
    """Two callbacks of one person take turns; whoever only refers to the user's row does not wait."""
    db.session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))


def _keep(connection: CalendarConnection, user: User, grant: Grant, now: datetime) -> None:
    """What was granted. An answer without a refresh token never overwrites one that works."""
    if grant.refresh_token:
        connection.refresh_token = vault.seal(grant.refresh_token, owner_id=user.id, purpose=vault.REFRESH_TOKEN)
    elif connection.refresh_token is None or connection.status != ConnectionStatus.CONNECTED:
        raise NotLasting
    reads_busy = user.doctor is not None and scopes.granted(grant.scopes, scopes.FREE_BUSY)
    connection.google_email, connection.scopes = grant.email, grant.scopes
    connection.status, connection.connected_at = ConnectionStatus.CONNECTED, now
    connection.last_error = connection.broken_at = connection.token_leased_until = None
    connection.busy_failures, connection.next_busy_at = 0, now if reads_busy else None


def _warn_of_testing(grant: Grant) -> None:
    if grant.is_for_testing:
        current_app.logger.warning(
            "google: permissions end after 7 days, because the consent screen is in Testing: publish it "
            "(docs/google-calendar.md)"
        )


def disconnect(user: User | Account) -> None:
    """End the user's connection at once, and queue that Google is told. Raises :class:`AlreadyEnded`."""
    with transaction() as session:
        _one_at_a_time(user)
        connection = queries.find_live_connection(user.id)
        if connection is None:
            raise AlreadyEnded
        _end(connection, clock.now())
        session.flush()


def end_connection(user: User, **_: object) -> None:
    """End the user's connection with everything else that was granted, in the same transaction."""
    connection = queries.find_live_connection(user.id)
    if connection is not None:
        _end(connection, clock.now())
        db.session.flush()


def end_without_a_right() -> int:
    """End the connections of closed accounts and unproved addresses, as their owners would. How many."""
    ended, last = 0, queries.NIL
    while owners := queries.list_owners_without_a_right(after=last):
        last = owners[-1].id
        for owner in owners:
            with suppress(AlreadyEnded):
                disconnect(owner)
        ended += len(owners)
    return ended


def _end(connection: CalendarConnection, now: datetime) -> None:
    connection.status, connection.ended_at, connection.next_busy_at = ConnectionStatus.ENDED, now, None
    outbox.enqueue(REVOKE, {"connection": str(connection.id)}, dedup_key=f"GOOGLE_REVOKE:{connection.id}")
    audit.record("calendar-disconnected", subject=("connection", connection.id))
    signals.calendar_disconnected.send(connection)


def mark_broken(connection_id: UUID, *, sealed: bytes) -> bool:
    """Note that Google no longer takes the token that was stored as ``sealed``, and queue one mail to the user.

    Whether it was this call that did. A connection that has another token meanwhile stays as it is.
    """
    broken = (
        _holding(connection_id, sealed, status=ConnectionStatus.CONNECTED)
        .values(status=ConnectionStatus.BROKEN, broken_at=clock.now(), last_error=LOST, next_busy_at=None)
        .returning(CalendarConnection)
        .execution_options(populate_existing=True)
    )
    with transaction() as session:
        connection = session.scalars(broken).one_or_none()
        if connection is None:
            return False
        if _ended_early(connection):
            connection.last_error = LOST_EARLY
            current_app.logger.warning(
                "google: connection %s lost its permission, maybe within 7 days. "
                "Is the consent screen still in Testing? (docs/google-calendar.md)",
                connection.id,
            )
        emails.disconnected(connection)
        session.flush()
    return True


def _ended_early(connection: CalendarConnection) -> bool:
    """Whether the permission is not known to have worked for longer than one in "Testing" does."""
    began_at = connection.connected_at
    worked_at = (began_at, connection.last_synced_at or began_at, connection.busy_checked_at or began_at)
    return max(worked_at) - began_at <= TESTING_LASTS


def revoke(message: Message) -> None:
    """Have Google take the permission of an ended connection back, then forget its token.

    Google takes back all that an account allowed this clinic. Where somebody goes on with the same account, only the
    token is forgotten.
    """
    connection = queries.find_connection(UUID(message.payload["connection"]))
    if connection is None or connection.status != ConnectionStatus.ENDED or connection.refresh_token is None:
        raise Dropped("There is nothing to take back.")
    sealed, is_still_used = connection.refresh_token, queries.is_account_in_use(connection.google_sub)
    try:
        token = vault.unseal(sealed, owner_id=connection.user_id, purpose=vault.REFRESH_TOKEN)
    except vault.Unreadable as error:
        raise PermanentFailure(f"The permission can’t be read: {error}") from None
    db.session.rollback()  # nothing is held while Google is waited for
    if not is_still_used:
        try:
            oauth.revoke(token)
        except Later as error:
            raise TemporaryFailure(str(error)) from None
    _forget_token(connection.id, sealed)
    if is_still_used:
        raise Dropped("The same Google account is connected again.")


def _forget_token(connection_id: UUID, sealed: bytes) -> None:
    forgotten = _holding(connection_id, sealed, status=ConnectionStatus.ENDED).values(refresh_token=None)
    with transaction() as session:
        session.execute(forgotten)


def _holding(connection_id: UUID, sealed: bytes, *, status: ConnectionStatus) -> Update:
    """Changes the connection only if it stands so and holds this very token: meanwhile it may hold another."""
    guarded = update(CalendarConnection).where(
        CalendarConnection.id == connection_id,
        CalendarConnection.status == status,
        CalendarConnection.refresh_token == sealed,
    )
    return guarded.execution_options(synchronize_session=False)


def reseal_all() -> tuple[int, int]:
    """Put every sealed token under the newest key. How many were changed, and how many no key opens."""
    changed, unreadable, last = 0, 0, queries.NIL
    while some := queries.list_sealed(after=last):
        last = some[-1]
        for connection_id in some:
            try:
                changed += _reseal(connection_id)
            except vault.Unreadable:
                unreadable += 1
    return changed, unreadable


def _reseal(connection_id: UUID) -> bool:
    """Whether there was something to do. The row is locked, so that no token is lost that is replaced meanwhile."""
    with transaction() as session:
        connection = session.get(CalendarConnection, connection_id, with_for_update=True, populate_existing=True)
        if connection is None or connection.refresh_token is None or vault.is_newest(connection.refresh_token):
            return False
        connection.refresh_token = vault.reseal(connection.refresh_token)
        return True
