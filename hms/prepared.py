"""Statements that run in almost every request: put together once, and planned once by each connection.

PostgreSQL takes longer to plan the statements of the pages that are asked for most than to run them, SQLAlchemy takes
longer than both to send them and to make objects of what they find, and psycopg2 prepares nothing. A :class:`Prepared`
statement is sent as PREPARE the first time that a connection runs it, and as EXECUTE from then on; its answer is plain
rows. What it was written with (``status = 'free'``) stays part of its text, so that partial indexes serve; what each
run brings (a ``bindparam`` without a value) becomes a parameter. Plans follow the statistics: after an ANALYZE the
database plans anew.

Events and errors go the way of SQLAlchemy's own statements, by names of ``Connection`` that it does not promise to
keep: therefore ``setup.cfg`` holds it below its next minor version. docs/performance.md says what that is worth.
"""

import hashlib
import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol, cast

import psycopg2
from flask import current_app
from psycopg2.errors import FeatureNotSupported
from sqlalchemy import Connection, Executable, Select, literal_column, select, true
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import NullType, TypeEngine

from hms.db import session_connection

DIALECT = PGDialect_psycopg2()
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class Prepared:
    """A statement that is run under ``db.session``; errors are SQLAlchemy's.

    One that writes needs a :func:`transaction <hms.db.transaction>`; one that reads makes none.

    It must not depend on how many values it is given (an ``IN`` of a list does).
    """

    def __init__(self, statement: Executable):
        self.statement = statement

    def first(self, along: "Errand | None" = None, /, **values: Any) -> Any:
        """The first row, or None.

        An errand comes ``along`` in the same statement; then each of the two must find one row at most, and a value's
        name means the same in both.
        """
        if along is not None:
            return self._first_with(along, values)
        found = self.all(**values)
        return found[0] if found else None

    def _first_with(self, along: "Errand", values: Mapping[str, Any]) -> Any:
        both, row_type, width = _both(self, along.statement)
        along.leave()
        (row,) = both.all(**{**along.values, **values})
        along.arrive(row[width + 1 : -1] if row[-1] else None)
        return row_type._make(row[:width]) if row[width] else None

    def all(self, **values: Any) -> list[Any]:
        """The rows for these values, one for each ``bindparam``: tuples whose columns have their names in SQL."""
        connection = session_connection(writes=self._writes)
        given = {name: process(values[name]) for name, process in self._processors.items()}
        cursor = connection.connection.cursor()
        try:
            if connection._has_events or connection.engine._has_events:
                self._tell(connection.dispatch.before_cursor_execute, connection, cursor, given)
            if self._is_prepared(connection, cursor):
                cursor.execute(self._execute, given)
            else:
                cursor.execute(self._text, {**self._constants, **given})
            if connection._has_events or connection.engine._has_events:
                self._tell(connection.dispatch.after_cursor_execute, connection, cursor, given)
            return list(map(self._row(cursor)._make, cursor.fetchall())) if cursor.description else []
        except psycopg2.Error as error:
            if isinstance(error, FeatureNotSupported):  # a migration gave a column another type: prepare anew elsewhere
                connection.invalidate(error)
            # As SQLAlchemy handles the errors of its own statements: a lost connection leaves the pool, and so on.
            connection._handle_dbapi_exception(error, self._text, None, cursor, None)
        finally:
            cursor.close()

    def _tell(self, listeners: Any, connection: Connection, cursor: Any, given: Mapping[str, Any]) -> None:
        """Who listens to the engine hears of the statement as it was written, and only once for each run."""
        listeners(connection, cursor, self._text, {**self._constants, **given}, None, False)

    def _is_prepared(self, connection: Connection, cursor: Any) -> bool:
        """Prepare the statement unless the connection knows it; behind a pooler, no connection knows any for long."""
        known = connection.info.get("prepared")  # lasts as long as the connection to the database
        if known is None:
            known = connection.info["prepared"] = set()
        if self.name in known:
            return True
        if current_app.config["DATABASE_POOLER"] == "1":
            return False
        cursor.execute(self._prepare, self._constants)
        known.add(self.name)
        return True

    def _row(self, cursor: Any) -> Any:
        """The type of a row, named as the first answer names its columns: all answers do."""
        if self._row_type is None:
            names = [column.name for column in cursor.description]
            self._row_type = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # one for each statement
        return self._row_type

    _row_type: Any = None

    @cached_property
    def _compiled(self) -> SQLCompiler:
        return cast(SQLCompiler, cast(ClauseElement, self.statement).compile(dialect=DIALECT))

    @cached_property
    def _writes(self) -> bool:
        return any(isinstance(part, UpdateBase) for part in visitors.iterate(cast(ClauseElement, self.statement)))

    @cached_property
    def _text(self) -> str:
        return str(self._compiled)

    @cached_property
    def _constants(self) -> Mapping[str, Any]:
        """What the statement was written with, by the names in its text."""
        binds = self._compiled.binds
        return {name: _processor(bind.type)(bind.value) for name, bind in binds.items() if not bind.required}

    @cached_property
    def _processors(self) -> Mapping[str, Callable[[Any], Any]]:
        """How each value of a run is made ready, by name and in the order of the parameters."""
        binds = self._compiled.binds
        return {name: _processor(bind.type) for name, bind in binds.items() if bind.required}

    @cached_property
    def name(self) -> str:
        """What the database knows it as; it tells of nothing but the text."""
        return "hms_" + hashlib.sha256(repr((self._text, self._constants)).encode()).hexdigest()[:24]

    @cached_property
    def _prepare(self) -> str:
        numbers = {name: f"${number}" for number, name in enumerate(self._processors, start=1)}
        text = PLACEHOLDER.sub(lambda found: numbers.get(found[1], found[0]), self._text)
        types = ", ".join(_type_name(self._compiled.binds[name].type) for name in numbers)
        return f"PREPARE {self.name}{f' ({types})' if types else ''} AS {text}"

    @cached_property
    def _execute(self) -> str:
        values = ", ".join(f"%({name})s" for name in self._processors)
        return f"EXECUTE {self.name}{f' ({values})' if values else ''}"


class Errand(Protocol):
    """A statement for one row at most that somebody needs soon, and that another such statement can bring along.

    Two statements are two ways to the server and back, which take longer than what it does for a row.
    """

    statement: Prepared
    values: Mapping[str, Any]

    def leave(self) -> None:
        """The statement is about to be sent."""

    def arrive(self, row: Sequence[Any] | None) -> None:
        """This is its row; None when there is none. It is not called when the way there or back fails."""


@lru_cache(maxsize=16)
def _both(one: Prepared, other: Prepared) -> tuple[Prepared, Any, int]:
    """A statement for the rows of both, each before a column that says whether it was found; the type of a row of
    ``one``, and how many columns it has.
    """
    selects = [cast(Select[Any], prepared.statement) for prepared in (one, other)]
    names = [getattr(column, "name", "") for column in selects[0].selected_columns]
    row_type = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # one for each statement
    mine, its = (found.add_columns(literal_column("true").label("is_found")).subquery() for found in selects)
    nothing = select(literal_column("1")).subquery()
    found = select(*mine.c, *its.c).select_from(nothing.outerjoin(mine, true()).outerjoin(its, true()))
    return Prepared(found), row_type, len(names)


def _processor(type_: TypeEngine[Any]) -> Callable[[Any], Any]:
    return type_.dialect_impl(DIALECT).bind_processor(DIALECT) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _type_name(type_: TypeEngine[Any]) -> str:
    return "unknown" if isinstance(type_, NullType) else type_.compile(DIALECT)
