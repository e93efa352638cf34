"""Holding everything back: by hand, and by itself after a database was restored from a dump.

A dump or a backup holds messages as they stood when it was made. Most of them have left since, so whoever restores one
decides what is still to be sent. That a database was restored shows in its own row, which is written anew every minute:

* it names the cluster, the database and the table that it was written in, by numbers that PostgreSQL gives anew to
  whatever is made by a restore;
* it names the timeline, which is another one after a recovery to a point in time. It is so after a standby took over,
  too; but then the row is no older than the outage was;
* it is older than this very process has seen it;
* messages wait that are older than the row, in a database that had none when the row was made.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from blinker import Namespace
from flask import current_app
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    String,
    TextClause,
    case,
    exists,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from hms import clock
from hms.db import Model, db, transaction
from hms.errors import Conflict, Invalid
from hms.outbox.delivering import LEASE, hold_back_while
from hms.outbox.models import Fault, MessageStatus, OutboxMessage

MAY_NOT_ASK = "hms.outbox.may_not_ask"
SEEN = "hms.outbox.seen_at"
LOOK_SECONDS = 60
EARLIER = timedelta(minutes=5)
"""A row that is older than that by more than it was written every minute; a standby that takes over has missed less."""

BY_HAND = "It was held by hand."
RESTORED = "The database was restored from a dump or a backup: its messages may have been sent already."
LEFT_OUT = "It was due before the outbox was released from then on: it may have been sent before."

database_restored = Namespace().signal("database-restored")
"""Sent in the transaction that notices it, with the cause as sender."""


class NotHeld(Conflict):
    """There is nothing to release."""

    message = "The outbox isn't held. Nothing was changed."


class OutboxState(Model):
    """The one row that says whether messages are held, and where it was written."""

    __tablename__ = "outbox_state"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    database_oid: Mapped[int] = mapped_column(BigInteger)
    table_oid: Mapped[int] = mapped_column(BigInteger)
    system_identifier: Mapped[str | None] = mapped_column(String(30))
    timeline: Mapped[str | None] = mapped_column(String(8))
    seen_at: Mapped[datetime | None]  # when somebody last looked
    began_at: Mapped[datetime | None]  # when the row was made, in a database without messages
    held_at: Mapped[datetime | None]
    held_because: Mapped[str | None] = mapped_column(String(200))


class Place(NamedTuple):
    """A database, a table in it, and the cluster that it is in (None where that may not be asked)."""

    database_oid: int
    table_oid: int
    system_identifier: str | None


HERE = text("""
    SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database_oid,
           'outbox_state'::regclass::oid::bigint AS table_oid
""")
CLUSTER = text("SELECT system_identifier::text FROM pg_control_system()")
TIMELINE = text("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)")
_IS_ELSEWHERE = or_(
    OutboxState.table_oid != literal_column("outbox_state.tableoid::bigint"),
    OutboxState.database_oid
    != literal_column("(SELECT oid::bigint FROM pg_database WHERE datname = current_database())"),
)
hold_back_while(exists(select(OutboxState.id).where(or_(OutboxState.held_at.is_not(None), _IS_ELSEWHERE))))


def notice_restore() -> bool:
    """Hold the outbox if the database was restored since somebody looked; whether it was. News: database_restored."""
    with transaction() as session:
        here, state, timeline, now = _here(session), _locked(session), _asked(session, TIMELINE), clock.now()
        was_restored = _is_elsewhere(state, here) or _is_earlier(state, timeline, now) or _has_older_messages(state)
        state.database_oid, state.table_oid = here.database_oid, here.table_oid
        state.system_identifier = here.system_identifier or state.system_identifier
        state.timeline, state.seen_at = timeline or state.timeline, now
        if was_restored:
            state.began_at = None
            state.held_at, state.held_because = state.held_at or now, RESTORED
            database_restored.send(RESTORED)
    current_app.extensions[SEEN] = now
    if was_restored:
        current_app.logger.error("The database was restored: messages are held until `flask outbox release`.")
    return was_restored


def _is_elsewhere(state: OutboxState, here: Place) -> bool:
    """Whether the row was written in another database, table or cluster."""
    known = Place(state.database_oid, state.table_oid, state.system_identifier)
    return known[:2] != here[:2] or (known != here and None not in (known.system_identifier, here.system_identifier))


def _is_earlier(state: OutboxState, timeline: str | None, now: datetime) -> bool:
    """Whether the row is as it was some time ago: on another timeline, or in a process that has seen it younger."""
    if state.seen_at is None:
        return False
    is_another = None not in (timeline, state.timeline) and timeline != state.timeline
    seen_at = current_app.extensions.get(SEEN, state.seen_at)
    if seen_at > now + clock.SLACK:  # by a clock that ran ahead, which proves nothing
        seen_at = state.seen_at
    return bool((is_another and now - state.seen_at > EARLIER) or seen_at - state.seen_at > EARLIER)


def _has_older_messages(state: OutboxState) -> bool:
    """Whether messages wait that are older than the row, which was made when there were none."""
    if state.began_at is None:
        return False
    waits = OutboxMessage.status.in_((MessageStatus.PENDING, MessageStatus.SENDING))
    older = exists().where(waits, OutboxMessage.created_at < state.began_at - EARLIER)
    return bool(db.session.scalar(select(older)))


def hold(*, because: str = BY_HAND) -> None:
    """Send nothing from now on; what is being sent at this moment is finished."""
    with transaction() as session:
        state = _locked(session)
        if state.held_at is None:
            state.held_at, state.held_because = clock.now(), because


def release(*, since: datetime | None = None) -> int:
    """Send again; what was stored before the hold and due before ``since`` is left out. How many messages are.

    Raises :class:`NotHeld`, and :class:`hms.errors.Invalid` for a moment to come.
    """
    with transaction() as session:
        state = _locked(session)
        if state.held_at is None:
            raise NotHeld
        if since and since > clock.now():
            raise Invalid("Choose a time in the past: what is due later is sent then.")
        left_out = session.execute(_leave_out(before=since, held_at=state.held_at)).rowcount if since else 0  # type: ignore[attr-defined]
        state.held_at = state.held_because = None
    return int(left_out)


def held() -> OutboxState | None:
    """Since when and why messages are held; None while they are not."""
    with transaction() as session:
        return session.scalar(select(OutboxState).where(OutboxState.held_at.is_not(None)))


def _leave_out(*, before: datetime, held_at: datetime) -> Any:
    now, waiting = clock.now(), (MessageStatus.PENDING, MessageStatus.SENDING)
    was_due: ColumnElement[Any] = case(
        (OutboxMessage.status == MessageStatus.SENDING, OutboxMessage.due_at - LEASE), else_=OutboxMessage.due_at
    )
    those = (OutboxMessage.status.in_(waiting), OutboxMessage.created_at < held_at, was_due < before)
    dropped = {"status": MessageStatus.DROPPED, "last_error": LEFT_OUT, "due_at": now, "finished_at": now}
    dropped["fault"] = Fault.UNSURE  # so that who cancels later takes back what somebody may have read
    return update(OutboxMessage).where(*those).values(dropped).execution_options(synchronize_session=False)


def _locked(session: Session) -> OutboxState:
    """The row, locked; made where there is none yet."""
    one = select(OutboxState).with_for_update().execution_options(populate_existing=True)
    if state := session.scalar(one):
        return state
    session.add(OutboxState(id=1, **_here(session)._asdict()))
    session.flush()
    return session.scalars(one).one()


def _here(session: Session) -> Place:
    place = session.execute(HERE).one()
    return Place(place.database_oid, place.table_oid, _asked(session, CLUSTER))


def _asked(session: Session, question: TextClause) -> str | None:
    """None where it may not be asked; then it is asked once, for each time is an error in the server's log."""
    refused = current_app.extensions.setdefault(MAY_NOT_ASK, set())
    if question in refused:
        return None
    try:
        with session.begin_nested():
            return session.scalar(question)
    except DBAPIError:
        refused.add(question)
        return None
