"""Who reads the replica, who never does, and what happens when it is away or too far behind.

A second database stands in for the replica: what is in it shows who was asked. Replication itself is tried in
test_pooling.py.
"""

import pytest
from sqlalchemy import event, text

from hms.config import engine, replica
from hms.db import db, read_the_replica, transaction
from tests.faults.proxy import standing_before

pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def clinic(migrated_database, new_app, tmp_path_factory):
    """The application with a stand-in for the replica behind a proxy, and the proxy."""
    primary, copy = migrated_database(), migrated_database()
    with standing_before(copy, folder=tmp_path_factory.mktemp("p"), kind="tcp") as (proxy, through):
        yield new_app(primary, READ_DATABASE_URL=through.render_as_string(hide_password=False)), proxy


def asked(app, *, cookie=None, path="/doctors"):
    """Which of the two a visit asks, and the status."""
    found = []
    with app.app_context():
        engines = {"primary": db.engine, "replica": db.engines["replica"]}
    listeners = [(one, lambda *_, name=name: found.append(name)) for name, one in engines.items()]
    for one, listener in listeners:
        event.listen(one, "before_cursor_execute", listener)
    client = app.test_client()
    if cookie:
        client.set_cookie("hms", cookie)
    status = client.get(path).status_code
    for one, listener in listeners:
        event.remove(one, "before_cursor_execute", listener)
    return status, set(found)


def test_strangers_read_the_replica_alone(clinic):
    app, _ = clinic
    for path in ("/", "/doctors"):
        assert asked(app, path=path) == (200, {"replica"})


def test_who_may_be_signed_in_reads_the_primary_alone(clinic):
    app, _ = clinic
    assert asked(app, cookie="a" * 43) == (200, {"primary"})


def test_other_pages_read_the_primary(clinic):
    app, _ = clinic
    assert asked(app, path="/readyz") == (200, {"primary"})


def test_a_transaction_and_what_is_read_after_it_are_the_primarys(clinic):
    app, _ = clinic
    name = text("SELECT current_database()")
    with app.app_context():
        primary, copy = (one.url.database for one in (db.engine, db.engines["replica"]))
        read_the_replica()
        assert db.session.scalar(name) == copy
        with transaction() as session:
            assert session.scalar(name) == primary
        assert db.session.scalar(name) == primary


def database_in_use(app):
    with app.app_context(), db.engines["replica"].connect() as connection:
        return connection.scalar(text("SELECT current_database()"))


@pytest.mark.parametrize("trouble", ["silent", "away"])
def test_the_primary_stands_in_for_a_replica_that_cannot_be_read_and_for_a_while_only(clinic, trouble, monkeypatch):
    app, proxy = clinic
    with app.app_context():
        primary, copy = (one.url.database for one in (db.engine, db.engines["replica"]))
    assert database_in_use(app) == copy
    proxy.fall_silent() if trouble == "silent" else proxy.close()
    with app.app_context():
        db.engines["replica"].dispose()

    assert asked(app)[0] == 200
    assert database_in_use(app) == primary
    if trouble == "silent":
        proxy.speak()
        assert database_in_use(app) == primary, "not tried again so soon"
        monkeypatch.setattr(engine.CircuitBreaker, "is_open", False)
        assert database_in_use(app) == copy


def test_the_primary_stands_in_for_a_replica_that_is_too_far_behind(clinic, monkeypatch):
    app, _ = clinic
    with app.app_context():
        primary = db.engine.url.database
        db.engines["replica"].dispose()
    monkeypatch.setattr(replica, "LAG", f"SELECT {replica.MAX_LAG_SECONDS + 1}")

    assert database_in_use(app) == primary


def test_without_a_replica_everything_is_the_primarys(app):
    with app.app_context():
        read_the_replica()
        assert db.session.scalar(text("SELECT current_database()")) == db.engine.url.database
