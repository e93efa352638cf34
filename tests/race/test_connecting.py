"""Several answers of Google, or several workers, for one person at one moment: one connection lives, one mail goes."""

from functools import partial

import pytest

from hms.auth.models import User
from hms.calendar.google import scopes
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection
from hms.calendar.services import connections
from hms.db import db
from hms.outbox import OutboxMessage
from tests import make

pytestmark = pytest.mark.race

MANY = 12


def grant(sub: str, number: int = 0) -> Grant:
    return Grant(sub, f"{sub}@gmail.test", scopes.EVENTS, refresh_token=f"1//0{sub}-{number}", access_token="ya29.x")


def connect(user_id, grant: Grant) -> str:
    return str(make.connection(db.session.get(User, user_id), grant).status)


def states() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(db.select(CalendarConnection.status)))


def messages(kind: str) -> int:
    return db.session.query(OutboxMessage).filter_by(kind=kind).count()


def test_of_many_accounts_the_last_one_lives_and_google_is_told_of_the_rest(committing, together):
    user_id = make.patient().user_id
    outcomes = together([partial(connect, user_id, grant(str(number))) for number in range(MANY)])
    assert list(outcomes) == ["connected"] * MANY
    assert states() == ["connected"] + ["ended"] * (MANY - 1)
    assert messages(connections.REVOKE) == MANY - 1


def test_one_account_that_comes_back_many_times_is_one_connection(committing, together):
    user_id = make.patient().user_id
    outcomes = together([partial(connect, user_id, grant("1", number)) for number in range(MANY)])
    assert list(outcomes) == ["connected"] * MANY
    assert states() == ["connected"]
    assert messages(connections.REVOKE) == 0


def test_many_workers_that_find_the_permission_gone_promise_one_mail(committing, together):
    patient = make.patient()
    connect(patient.user_id, grant("1"))
    connection = db.session.query(CalendarConnection).one()
    before, sealed, connection_id = messages("email"), connection.refresh_token, connection.id
    db.session.rollback()
    outcomes = together([partial(connections.mark_broken, connection_id, sealed=sealed) for _ in range(MANY)])
    assert sorted(outcomes) == [False] * (MANY - 1) + [True]
    assert states() == ["broken"]
    assert messages("email") == before + 1


def test_letting_go_and_connecting_at_once_end_in_one_of_the_two(committing, together):
    patient = make.patient()
    connect(patient.user_id, grant("1"))

    def let_go() -> str:
        connections.disconnect(db.session.get(User, patient_id))
        return "ended"

    patient_id = patient.user_id
    works = [partial(connect, patient_id, grant("1", number)) for number in range(4)] + [let_go] * 2
    outcomes = together(works)
    assert set(outcomes.kinds) <= {"str", "AlreadyEnded"}
    assert states().count("connected") <= 1
    assert states().count("ended") == messages(connections.REVOKE)
