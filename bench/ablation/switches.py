"""How to do without each thing that makes HMS faster: functions that put the plain way in its place."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from flask_sqlalchemy.session import Session as BoundSession
from sqlalchemy import Engine

from hms import clock, db, prepared
from hms.auth import queries as people
from hms.availability.queries import slots
from hms.db import RoutedSession
from hms.directory import queries as directory
from hms.directory.queries import facets, landing, profile, search
from hms.outbox import enqueuing
from hms.prepared import Prepared
from hms.scheduling.services import booking, claiming
from hms.web.fragment_cache import Keep

PATIENT, VISITOR, UNSEEN = "doctor's page, by a patient", "doctor's page, by a visitor", "doctor's page, another one"
BOOKING, REFUSED, FORM = "booking", "booking refused", "booking's form"
LIST, LANDING, OWN = "list of doctors", "landing page", "own appointments"


class Switch(NamedTuple):
    """What does without something, and the requests that may become slower by it."""

    turn: Callable[[], None]
    kinds: tuple[str, ...]


def _nothing() -> None:
    """Leave everything as it is."""


def _errand() -> None:
    """Who is signed in is looked up by a statement of its own."""
    first = Prepared.first
    _put(Prepared, "first", lambda self, _along=None, /, **values: first(self, **values))


def _week() -> None:
    """The week is asked for when the page knows which."""

    def get(doctor_id: Any, *, along: Any = None, **_: Any) -> Any:
        rules = profile.booking_rules
        row = profile._profile(rules.changes_ahead()).first(along, doctor_id=doctor_id, **rules.moments())
        return profile.DoctorWithWeek(profile._found(row), clock.now(), "")

    _put(directory, "get_doctor_with_week", get)


def _reading() -> None:
    """Whatever reads begins a transaction as well."""
    _put(RoutedSession, "read", lambda self: self.connection())


def _autocommit() -> None:
    """Reading goes through a copy of the engine in AUTOCOMMIT, which gives its connection back before one writes."""

    @lru_cache
    def copy(engine: Engine) -> Engine:
        return engine.execution_options(isolation_level="AUTOCOMMIT")

    def get_bind(self: Any, mapper: Any = None, clause: Any = None, bind: Any = None, **more: Any) -> Any:
        found = BoundSession.get_bind(self, mapper=mapper, clause=clause, bind=bind, **more)
        return copy(found) if "work" not in self.info and isinstance(found, Engine) else found

    def begin(self: Any) -> Any:
        self.commit()
        return self.connection()

    _put(RoutedSession, "get_bind", get_bind)
    _put(RoutedSession, "begin_to_write", begin)
    _reading()


def _plans() -> None:
    """Statements go to the driver as they are, and are planned each time."""
    _put(Prepared, "_is_prepared", lambda *_: False)


def _core(*places: tuple[Any, str]) -> Callable[[], None]:
    """Statements (or functions that make them), each known by where it stands, are run by SQLAlchemy; or all."""

    def turn() -> None:
        kept, chosen = Prepared.all, set()

        def note(statement: Prepared) -> Prepared:
            chosen.add(id(statement))
            return statement

        for module, name in places:
            found = getattr(module, name)
            if isinstance(found, Prepared):
                note(found)
            else:
                _put(module, name, lambda *given, _make=found: note(_make(*given)))

        def run(self: Prepared, **values: Any) -> Any:
            if places and id(self) not in chosen:
                return kept(self, **values)
            result = db.session_connection(writes=self._writes).execute(self.statement, values)
            return list(result.all()) if result.returns_rows else []

        _put(Prepared, "all", run)
        _reading()  # SQLAlchemy begins a transaction of its own

    return turn


def _stored() -> None:
    """The new appointment is read again."""
    _put(booking, "stored", lambda of, values: db.db.session.get(of, values["id"]))


def _fragments() -> None:
    """Every part of a page is drawn each time."""
    _put(Keep, "_draw", lambda _self, _place, _key, caller: caller())


def _put(where: Any, name: str, plain: Any) -> None:
    setattr(where, name, plain)


AS_IT_IS = "as it is"
CONTROL = "as it is, once more"
SWITCHES = {
    CONTROL: Switch(_nothing, (PATIENT, VISITOR, UNSEEN, BOOKING, REFUSED, FORM, LIST, LANDING, OWN)),
    "Errand": Switch(_errand, (PATIENT,)),
    "DoctorWithWeek": Switch(_week, (PATIENT, VISITOR)),
    "reading without a transaction": Switch(_reading, (PATIENT, VISITOR, BOOKING)),
    "AUTOCOMMIT in its place": Switch(_autocommit, (PATIENT, VISITOR, BOOKING)),
    "PREPARE": Switch(_plans, (PATIENT, VISITOR, BOOKING, LIST, OWN)),
    "Prepared": Switch(_core(), (PATIENT, VISITOR, BOOKING, LIST, OWN)),
    "Prepared: lock": Switch(_core((claiming, "LOCK_IF_FREE")), (BOOKING,)),
    "Prepared: write": Switch(_core((claiming, "WRITE")), (BOOKING,)),
    "Prepared: messages": Switch(_core((enqueuing, "WRITE_GIVEN"), (enqueuing, "_write_with")), (BOOKING,)),
    "Prepared: session": Switch(_core((people, "SIGN_IN")), (BOOKING, OWN)),
    "Prepared: doctor": Switch(_core((profile, "_profile")), (FORM,)),
    "Prepared: doctor with week": Switch(_core((profile, "_profile_with_week"), (prepared, "_both")), (VISITOR,)),
    "Prepared: week": Switch(_core((slots, "_week")), (UNSEEN,)),
    "Prepared: search": Switch(_core((search, "_search")), (LIST,)),
    "Prepared: counts of doctors": Switch(_core((facets, "ALL")), (LIST, LANDING)),
    "Prepared: welcome": Switch(_core((landing, "_welcome")), (LANDING,)),
    "stored": Switch(_stored, (BOOKING,)),
    "fragments": Switch(_fragments, (PATIENT, VISITOR, LIST, OWN)),
}
