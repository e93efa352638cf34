"""The database session, and the one way to write through it.

A public function of a ``services`` module is one transaction: ``with transaction() as session:``. Writing outside of
such a block is a bug, and raises.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BoundSession
from psycopg2 import errors as pg
from sqlalchemy import Connection, DateTime, Engine, MetaData, event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    ORMExecuteState,
    Session,
    make_transient_to_detached,
    registry,
)
from uuid_utils.compat import uuid7

from hms.config.connection import Connection as DriverConnection
from hms.config.engine import guard_connections
from hms.config.replica import fall_back
from hms.config.timekeeping import keep_time_with, read_if_older
from hms.errors import Refusal, Unavailable

Conflicts = Mapping[str, Refusal]
AnyRow = TypeVar("AnyRow", bound="Base")


class Busy(Unavailable):
    """A lock did not come free in time. It says nothing about what the other one did."""

    code = "busy"


class Base(DeclarativeBase):
    """What every table has in common: constraint names that refusals can be mapped from, and aware timestamps."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: DateTime(timezone=True)},
    )


class RoutedSession(BoundSession):
    """A session that reads the replica where that was allowed, and otherwise only knows the primary.

    ``reader`` is the connection over which it has begun to read without a transaction. If it comes to one, that is
    over the same connection, so that nobody ever holds two.
    """

    reader: Connection | None = None

    def read(self) -> Connection:
        """A connection that does without BEGIN and ROLLBACK, unless a transaction has begun."""
        if self.reader is None:
            engine = self.get_bind()
            if self.in_transaction() or "work" in self.info or not isinstance(engine, Engine):
                return self.connection()
            self.reader = engine.connect()
            _driver(self.reader).begin_to_read()
        return self.reader

    def begin_to_write(self) -> Connection:
        """The connection, over which a transaction begins with the next statement."""
        if self.reader is not None:
            _driver(self.reader).begin_to_write()
        return self.connection()

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **kwargs: Any) -> Any:
        """Where statements go: over the connection that reads already, else to the replica after
        :func:`read_the_replica`, and to the primary by default.
        """
        if bind is None and (chosen := self.reader or self.info.get("replica")):
            return chosen
        return super().get_bind(mapper=mapper, clause=clause, bind=bind, **kwargs)

    def commit(self) -> None:
        """End the transaction, and give the connection back."""
        super().commit()
        self._give_back()

    def rollback(self) -> None:
        """Undo the transaction, and give the connection back."""
        try:
            super().rollback()
        finally:
            self._give_back()

    def close(self) -> None:
        """Forget what was loaded, and give the connection back."""
        try:
            super().close()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        reader, self.reader = self.reader, None
        if reader is not None:
            reader.close()


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={
        "class_": RoutedSession,
        "expire_on_commit": False,
        "join_transaction_mode": "create_savepoint",
    },
)


def init_app(app: Flask) -> None:
    """Make the engines: the primary's, and the replica's where there is one."""
    db.init_app(app)
    app.teardown_appcontext(release_connections)
    with app.app_context():
        engines = db.engines
    primary, replica = engines[None], engines.get("replica")
    breaker = guard_connections(primary)
    keep_time_with(primary)
    if replica:
        connect_args = app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
        arguments, named = primary.dialect.create_connect_args(primary.url)
        fall_back(replica, lambda: breaker.call(lambda: primary.dialect.connect(*arguments, **named | connect_args)))


def release_connections(error: BaseException | None) -> None:
    """Give the connections back to their pools. One that was lost does not spoil the answer, which is finished."""
    if db.session.registry.has():
        try:
            db.session.close()  # not a rollback: that would expire what the caller still holds
        except DBAPIError:
            db.session().invalidate()


def read_the_replica() -> None:
    """From here on this request may read what is some seconds old; a transaction ends that."""
    if replica := db.engines.get("replica"):
        session = db.session()
        session.commit()  # nothing is written: it gives the primary's connection back
        session.info["replica"] = replica


def session_connection(*, writes: bool) -> Connection:
    """The session's connection. Outside of a transaction it does without BEGIN and ROLLBACK; to write needs one."""
    session = db.session()
    if writes:
        _work(session)
    return cast(RoutedSession, session).read()


def read_the_clock(*, unless_within: float) -> None:
    """Learn what time it is by the database's clock, unless it was asked within so many seconds."""
    read_if_older(lambda: session_connection(writes=False), unless_within)


def _driver(connection: Connection) -> DriverConnection:
    return cast(DriverConnection, connection.connection.dbapi_connection)


if TYPE_CHECKING:

    class Model(Base):
        """What a table's class inherits from."""

        __abstract__ = True

else:
    Model = db.Model


def new_id() -> UUID:
    """A fresh time-ordered identifier (UUID version 7, RFC 9562), so that new rows stand together in an index."""
    return uuid7()


@contextmanager
def transaction(conflicts: Conflicts | None = None) -> Iterator[Session]:
    """Write to the database: commit once, when the outermost block ends; undo everything on any exception.

    ``conflicts`` maps the name of a database constraint to the refusal that its violation stands for. A lock that
    does not come free in time is refused as :class:`Busy`.
    """
    session = db.session()
    if "work" in session.info:
        with _translated(conflicts):
            yield session
            session.flush()
        return
    if session.info.pop("replica", None):  # what is read from now on must include what is written here
        session.commit()
    work = session.info["work"] = _Work()
    try:
        cast(RoutedSession, session).begin_to_write()
        with _translated(conflicts):
            yield session
            for callback in work.before_commit:
                callback()
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info["work"]
    for callback in work.on_commit:
        callback()


@dataclass
class _Work:
    """What one open transaction has still to do."""

    before_commit: list[Callable[[], object]] = field(default_factory=list)
    on_commit: list[Callable[[], object]] = field(default_factory=list)


def stored(of: type[AnyRow], values: dict[str, Any]) -> AnyRow:
    """An object of a row that was just written by hand, as the session would have made it; all columns are given."""
    row = of(**values)
    make_transient_to_detached(row)
    db.session.add(row)
    return row


def last_writes() -> list[Callable[[], object]]:
    """What the current transaction calls just before it commits, in order; append to it."""
    return _work(db.session()).before_commit


def on_commit(callback: Callable[[], object]) -> None:
    """Run ``callback`` once the current transaction is safely stored; forget it if it is undone."""
    _work(db.session()).on_commit.append(callback)


def _work(session: Session) -> _Work:
    if "work" not in session.info:
        raise RuntimeError("Write inside `with transaction():`, in a service.")
    return session.info["work"]


@contextmanager
def _translated(conflicts: Conflicts | None) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if refusal := (conflicts or {}).get(constraint_of(error) or ""):
            raise refusal from error
        raise
    except OperationalError as error:
        if isinstance(error.orig, pg.LockNotAvailable | pg.DeadlockDetected):
            raise Busy from error
        raise


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint that PostgreSQL reports, if it reports one."""
    diagnostics: Any = getattr(error.orig, "diag", None)
    return getattr(diagnostics, "constraint_name", None)


@event.listens_for(Session, "before_flush")
def _flush_only_in_a_transaction(session: Session, *_: object) -> None:
    _work(session)


@event.listens_for(Session, "do_orm_execute")
def _execute_only_in_a_transaction(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _work(state.session)
