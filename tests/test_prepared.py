"""Statements that each connection plans once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_INTRANS
from sqlalchemy import (
    DateTime,
    Engine,
    Integer,
    Interval,
    String,
    Uuid,
    bindparam,
    column,
    event,
    func,
    insert,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError

from hms.auth.models import Specialty
from hms.db import db, transaction
from hms.prepared import Prepared

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
ADDED = Prepared(
    select(
        bindparam("moment", type_=DateTime(timezone=True)) + literal(timedelta(hours=1), Interval),
        bindparam("id", type_=Uuid).label("id"),
        bindparam("facts", type_=JSONB).label("facts"),
        bindparam("number", type_=Integer).label("number"),
        literal("100 % fixed", String).label("fixed"),
    )
)


def runs(statement):
    """How often this session's connection has run the statement as a prepared one; None if it never prepared it."""
    plans = text("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = :name")
    row = db.session.execute(plans, {"name": statement.name}).one_or_none()
    assert row is None or row.custom_plans == 0  # it is planned once, not each time
    return row.generic_plans if row else None


def given(**changed):
    return {"moment": NOON, "id": uuid4(), "facts": {"a": [1, "é"]}, "number": 7, **changed}


@pytest.mark.parametrize("pooler", ["0", "1"])
def test_a_row_holds_what_was_given_in_its_own_types(session, app, monkeypatch, pooler):
    monkeypatch.setitem(app.config, "DATABASE_POOLER", pooler)
    values = given(facts={"quote": "it's", "percent": "%(number)s"})
    row = ADDED.first(**values)
    assert row[0] == NOON + timedelta(hours=1)
    assert (row.id, row.facts, row.number, row.fixed) == (values["id"], values["facts"], 7, "100 % fixed")
    assert ADDED.first(**given(number=None)).number is None


def test_it_is_prepared_and_planned_once_for_each_connection(committing):
    fresh = Prepared(select(literal(uuid4().hex, String)))  # which no connection has met yet
    assert runs(fresh) is None
    assert fresh.all() == fresh.all()
    assert runs(fresh) == 2
    with db.session.begin_nested() as savepoint:
        savepoint.rollback()
    fresh.all()
    assert runs(fresh) == 3
    with committing.app_context():  # a session of its own, on another connection
        assert runs(fresh) is None
        fresh.all()
        assert runs(fresh) == 1


def test_behind_a_pooler_nothing_is_prepared(session, app, monkeypatch):
    monkeypatch.setitem(app.config, "DATABASE_POOLER", "1")
    statement = Prepared(select(bindparam("number", type_=Integer) + 1))
    assert statement.first(number=1) == (2,)
    assert runs(statement) is None


def test_who_listens_hears_of_each_run_what_was_written(session):
    heard = []

    def note(_connection, cursor, statement, values, *_):
        heard.append(cursor.mogrify(statement, values).decode())

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for number in (1, 2):
            Prepared(select(bindparam("number", type_=Integer) + literal(40, Integer))).all(number=number)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [statement for statement in heard if "40" in statement] == [f"SELECT {n} + 40 AS anon_1" for n in (1, 2)]


def test_two_statements_that_differ_in_what_they_were_written_with_are_two(session):
    one, two = (Prepared(select(literal(number, Integer))) for number in (1, 2))
    assert [one.first(), two.first(), one.first()] == [(1,), (2,), (1,)]


def test_columns_of_one_name_are_told_apart(session):
    numbers = select(literal(1, Integer).label("n"), literal(2, Integer).label("n"))
    assert Prepared(numbers).first() == (1, 2)


def test_a_statement_that_finds_nothing_or_answers_nothing(session):
    assert Prepared(select(Specialty.name).where(Specialty.slug == bindparam("slug"))).first(slug="no-such") is None
    added = Prepared(
        insert(Specialty).values(id=bindparam("new_id"), slug=bindparam("new_slug"), name="Fresh", also_called="")
    )
    with transaction():
        assert added.all(new_id=uuid4(), new_slug="fresh") == []
    assert session.scalar(select(Specialty.name).where(Specialty.slug == "fresh")) == "Fresh"


class Noted:
    """An errand that notes what becomes of it."""

    statement = Prepared(
        select(Specialty.name, Specialty.slug, Specialty.id).where(Specialty.slug == bindparam("other_slug"))
    )

    def __init__(self, slug):
        self.values = {"other_slug": slug}
        self.seen = []

    def leave(self):
        self.seen.append("left")

    def arrive(self, row):
        self.seen.append(row)


OTHER = Specialty.__table__.alias()
NAMED = Prepared(
    select(Specialty.slug, Specialty.id, OTHER.c.id, Specialty.name)
    .join(OTHER, OTHER.c.id == Specialty.id)
    .where(Specialty.slug == bindparam("slug"))
)


@pytest.mark.parametrize("mine", ["cardiology", "no-such"])
@pytest.mark.parametrize("its", ["neurology", "no-such"])
def test_a_statement_brings_another_one_along_whichever_of_them_finds_a_row(session, mine, its):
    alone, its_alone = NAMED.first(slug=mine), Noted.statement.first(other_slug=its)
    noted = Noted(its)
    row = NAMED.first(noted, slug=mine)
    assert row == alone
    assert noted.seen == ["left", its_alone]
    if alone:
        assert (row.slug, row.name) == (alone.slug, alone.name)
        assert "_2" in row._fields


def test_two_at_once_are_one_way_to_the_server(committing):
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    NAMED.first(Noted("neurology"), slug="cardiology")
    event.remove(Engine, "before_cursor_execute", note)
    assert len(seen) == 1


def test_an_errand_that_fails_has_left_and_does_not_arrive(session):
    noted = Noted("neurology")
    divide = Prepared(select(literal(1, Integer) / bindparam("number", type_=Integer)))
    with pytest.raises(DBAPIError):
        divide.first(noted, number=0)
    assert noted.seen == ["left"]


def test_errors_are_sqlalchemys_and_show_no_values(committing):
    divide = Prepared(select(literal(1, Integer) / bindparam("secret_number", type_=Integer)))
    with pytest.raises(DBAPIError) as error:
        divide.first(secret_number=0)
    assert type(error.value.orig).__name__ == "DivisionByZero"
    assert not error.value.connection_invalidated
    assert divide.first(secret_number=1) == (1,)


def test_an_error_spoils_the_transaction_that_it_happens_in(committing):
    divide = Prepared(select(literal(1, Integer) / bindparam("number", type_=Integer)))
    with pytest.raises(DBAPIError), transaction():
        with pytest.raises(DBAPIError):
            divide.first(number=0)
        divide.first(number=1)
    assert divide.first(number=1) == (1,)


def state():
    """Whether this session's connection has a transaction open, as the server last said."""
    return db.session.connection().connection.dbapi_connection.info.transaction_status


def test_reading_begins_no_transaction(committing):
    assert ADDED.first(**given()).number == 7
    assert state() == TRANSACTION_STATUS_IDLE
    db.session.execute(text("SELECT 1"))  # nor does what is read otherwise
    assert state() == TRANSACTION_STATUS_IDLE
    db.session.commit()
    db.session.execute(text("SELECT 1"))
    assert state() == TRANSACTION_STATUS_INTRANS
    ADDED.first(**given())
    assert state() == TRANSACTION_STATUS_INTRANS


def test_what_is_written_after_reading_is_one_transaction(committing):
    added = Prepared(
        insert(Specialty).values(id=bindparam("id"), name=bindparam("name"), slug=bindparam("slug"), also_called="")
    )
    find = Prepared(select(Specialty.slug).where(Specialty.slug == bindparam("slug")))
    values = {"id": uuid4(), "name": "Written", "slug": "written"}
    assert find.first(slug="written") is None
    with pytest.raises(ZeroDivisionError), transaction():
        added.all(**values)
        assert state() == TRANSACTION_STATUS_INTRANS
        assert find.first(slug="written")
        raise ZeroDivisionError
    assert find.first(slug="written") is None
    try:
        with transaction():
            added.all(**values)
        assert find.first(slug="written")
        assert state() == TRANSACTION_STATUS_IDLE
    finally:
        db.session.execute(text("DELETE FROM specialties WHERE slug = 'written'"))
        db.session.commit()


@pytest.fixture
def sent(committing):
    """What went to the server since then, word for word."""
    sent = []

    def note(_connection, cursor, *_):
        sent.append(cursor.query.decode())

    event.listen(Engine, "after_cursor_execute", note)
    yield sent
    event.remove(Engine, "after_cursor_execute", note)


def test_a_transaction_after_reading_begins_together_with_its_first_statement(sent):
    ADDED.first(**given())
    sent.clear()
    with transaction() as session:
        session.execute(text("SELECT 1"))
        session.execute(text("SELECT 2"))
        assert state() == TRANSACTION_STATUS_INTRANS
    assert sent == ["BEGIN; SELECT 1", "SELECT 2"]
    with transaction() as session:  # nothing was read before: psycopg2 begins it, and has its own way
        session.execute(text("SELECT 3"))
        assert state() == TRANSACTION_STATUS_INTRANS
    assert sent[2:] == ["SELECT 3"]


@pytest.mark.parametrize(
    ("wrong", "begun"), [("SELECT 1 / 0", TRANSACTION_STATUS_INERROR), ("SELEC 1", TRANSACTION_STATUS_IDLE)]
)
def test_a_transaction_whose_first_statement_fails_leaves_nothing_open(committing, wrong, begun):
    ADDED.first(**given())
    with pytest.raises(DBAPIError), transaction() as session:
        try:
            session.execute(text(wrong))
        finally:
            assert state() == begun
    assert ADDED.first(**given()).number == 7
    assert state() == TRANSACTION_STATUS_IDLE


def test_a_statement_that_is_not_understood_does_not_keep_the_next_from_beginning(committing):
    ADDED.first(**given())
    with transaction() as session:
        with pytest.raises(DBAPIError):
            session.execute(text("SELEC 1"))
        session.execute(text("SELECT 1"))
        assert state() == TRANSACTION_STATUS_INTRANS


def test_a_transaction_that_asks_nothing_begins_none(committing):
    ADDED.first(**given())
    with transaction():
        assert state() == TRANSACTION_STATUS_IDLE
    ADDED.first(**given())
    assert state() == TRANSACTION_STATUS_IDLE


def test_nothing_is_written_outside_of_a_transaction(committing):
    hidden = Prepared(select(insert(Specialty).values(name="x", slug="x").returning(Specialty.id).cte()))
    with pytest.raises(RuntimeError, match="transaction"):
        hidden.all()


def test_a_connection_that_read_begins_transactions_again_for_the_next(committing):
    ADDED.first(**given())
    connection = db.session.connection().connection.dbapi_connection
    for end in (db.session.commit, db.session.rollback, db.session.close):
        ADDED.first(**given())
        end()
        assert not connection.autocommit


def test_a_lost_connection_is_replaced_and_prepares_anew(committing):
    ADDED.first(**given())
    backend = db.session.scalar(select(func.pg_backend_pid()))
    with committing.app_context():
        db.session.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    with pytest.raises(OperationalError) as error:
        ADDED.first(**given())
    assert error.value.connection_invalidated
    db.session.rollback()
    assert ADDED.first(**given()).number == 7
    assert db.session.scalar(select(func.pg_backend_pid())) != backend


def test_after_a_column_was_given_another_type_one_run_fails_and_the_next_is_right(committing):
    db.engine.dispose()  # of several connections, the next one taken might have nothing prepared yet
    label = column("label", String)
    found = Prepared(select(label).select_from(table("changing")))
    try:
        db.session.execute(text("CREATE TABLE changing AS SELECT 'one'::varchar(3) AS label"))
        db.session.commit()
        assert found.all() == [("one",)]
        db.session.commit()
        db.session.execute(text("ALTER TABLE changing ALTER label TYPE integer USING 7"))
        db.session.commit()
        with pytest.raises(DBAPIError):
            found.all()
        db.session.rollback()
        assert found.all() == [(7,)]
    finally:
        db.session.rollback()
        db.session.execute(text("DROP TABLE changing"))
        db.session.commit()


def test_a_plan_made_for_an_empty_table_gives_way_once_it_is_analysed(committing):
    db.session.execute(text("CREATE TABLE grown (id integer PRIMARY KEY)"))
    db.session.execute(text("ANALYZE grown"))
    try:
        number = column("id", Integer)
        found = Prepared(select(number).select_from(table("grown")).where(number == bindparam("wanted")))
        assert found.all(wanted=5) == []
        db.session.execute(text("INSERT INTO grown SELECT generate_series(1, 50000)"))
        db.session.execute(text("ANALYZE grown"))
        assert found.all(wanted=5) == [(5,)]
        (name,) = db.session.execute(
            text("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%grown%'")
        ).one()
        plan = "\n".join(db.session.scalars(text(f"EXPLAIN EXECUTE {name} (5)")))
        assert "Index" in plan
    finally:
        db.session.rollback()


def test_reading_and_writing_share_one_connection_which_goes_back_in_between(committing):
    def held():
        return db.engine.pool.checkedout()

    everybody = select(func.count(Specialty.id))
    before = held()
    ADDED.first(**given())
    db.session.execute(everybody)
    assert held() == before + 1
    with transaction() as session:
        session.execute(everybody)
        ADDED.first(**given())
        assert held() == before + 1
    assert held() == before
    db.session.execute(everybody)
    ADDED.first(**given())
    assert held() == before + 1
    db.session.rollback()
    assert held() == before
    with transaction():
        ADDED.first(**given())
        assert held() == before + 1
    assert held() == before
    ADDED.first(**given())
    db.session.close()
    assert held() == before
