"""Holding everything back: by hand, and by itself after a database was restored from a dump.

A dump holds messages as they stood when it was made. Most of them have left since, so whoever restores one decides what
is still to be sent. That a database was restored shows in its own row: it names the database and the table that it was
written in, by numbers that PostgreSQL gives anew to whatever is made by a restore, and the cluster.
"""

from datetime import datetime
from typing import Any, NamedTuple

from blinker import Namespace
from flask import current_app
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    String,
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
from hms.db import Model, transaction
from hms.errors import Conflict, Invalid
from hms.outbox.delivering import LEASE, hold_back_while
from hms.outbox.models import Fault, MessageStatus, OutboxMessage

MAY_NOT_ASK = "hms.outbox.may_not_ask_for_the_cluster"
LOOK_SECONDS = 60
BY_HAND = "It was held by hand."
RESTORED = "The database was restored from a dump: its messages may have been sent already."
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
_IS_ELSEWHERE = or_(
    OutboxState.table_oid != literal_column("outbox_state.tableoid::bigint"),
    OutboxState.database_oid
    != literal_column("(SELECT oid::bigint FROM pg_database WHERE datname = current_database())"),
)
hold_back_while(exists(select(OutboxState.id).where(or_(OutboxState.held_at.is_not(None), _IS_ELSEWHERE))))


def notice_restore() -> bool:
    """Hold the outbox if the database was restored since somebody looked; whether it was. News: database_restored."""
    with transaction() as session:
        here, state = _here(session), _locked(session)
        known = Place(state.database_oid, state.table_oid, state.system_identifier)
        was_restored = known != here and None not in (known.system_identifier, here.system_identifier)
        was_restored = was_restored or known[:2] != here[:2]
        state.database_oid, state.table_oid = here.database_oid, here.table_oid
        state.system_identifier = here.system_identifier or known.system_identifier
        if was_restored:
            state.held_at, state.held_because = state.held_at or clock.now(), RESTORED
            database_restored.send(RESTORED)
    if was_restored:
        current_app.logger.error("The database was restored: messages are held until `flask outbox release`.")
    return was_restored


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
    return Place(place.database_oid, place.table_oid, _cluster(session))


def _cluster(session: Session) -> str | None:
    """None where it may not be asked; then it is asked once, for each time is an error in the server's log."""
    if current_app.extensions.get(MAY_NOT_ASK):
        return None
    try:
        with session.begin_nested():
            return session.scalar(CLUSTER)
    except DBAPIError:
        current_app.extensions[MAY_NOT_ASK] = True
        return None
