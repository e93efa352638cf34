"""A database that accepts and then answers nobody: the threads come free, visitors are told, and it passes by itself.

The limits are long while the database answers, however slow this machine is; who meets with silence gives up soon.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hms.config import deadline, engine
from hms.db import db, transaction
from tests.faults.proxy import standing_before
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow]
LONG_SECONDS, SOON_SECONDS = 120, 0.3


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="hms-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["tcp", "unix"])
def clinic(request, migrated_database, new_app, short_folder):
    """The application behind a proxy, and the proxy."""
    database = migrated_database()
    with standing_before(database, folder=short_folder, kind=request.param) as (proxy, through):
        long = through.update_query_dict({"options": f"-c statement_timeout={LONG_SECONDS}s"})
        yield new_app(long, DATABASE_POOL_SIZE=2), proxy


def fall_silent(clinic):
    """No answer from now on; the connections that are open wait for one as long as seems good to a test."""
    app, proxy = clinic
    proxy.fall_silent()
    with app.app_context():
        name = db.engine.url.database
    for connection in list(deadline._watched):
        if not connection.closed and connection.info.dbname == name:
            connection.read_timeout_seconds = SOON_SECONDS


def get(app, path="/readyz"):
    return app.test_client().get(path)


def test_the_read_timeout_follows_the_servers_own_time_limit(clinic):
    app, _ = clinic
    with app.app_context():
        connection = db.session.connection().connection.driver_connection
    assert connection.read_timeout_seconds == pytest.approx(LONG_SECONDS + deadline.GRACE_SECONDS)


def test_the_real_limits_leave_time_for_an_answer_within_ten_seconds():
    statement = int(engine.SESSION_SETTINGS["statement_timeout"]) / 1000
    noticed = statement + deadline.GRACE_SECONDS + deadline.LOOK_SECONDS

    assert noticed + engine.CONNECT_ARGS["connect_timeout"] <= 10.5
    assert statement < deadline.UNBOUNDED_SECONDS


def test_pages_say_so_and_work_again_by_themselves(clinic):
    app, proxy = clinic
    assert get(app).status_code == 200
    fall_silent(clinic)

    for path in ("/", "/doctors"):
        answer = get(app, path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Your bookings are safe" in answer.text
    assert get(app, "/healthz").status_code == 200

    proxy.speak()
    wait_until(lambda: get(app).status_code == 200, what="HMS works again")
    assert get(app, "/").status_code == 200


def test_a_silence_in_the_midst_of_a_statement_or_before_a_commit_ends(clinic):
    app, proxy = clinic
    with app.app_context():
        db.session.execute(text("SELECT 1"))
        fall_silent(clinic)
        with pytest.raises(OperationalError):
            db.session.execute(text("SELECT 2"))
        db.session.remove()
        proxy.speak()
        wait_until(lambda: get(app).status_code == 200, what="HMS works again")
        with pytest.raises(OperationalError), transaction() as session:
            session.execute(text("SELECT 3"))
            fall_silent(clinic)


def test_a_connection_that_is_lost_when_the_answer_is_finished_does_not_spoil_it(clinic):
    app, _ = clinic

    @app.after_request
    def silence(response):
        fall_silent(clinic)
        return response

    assert get(app, "/doctors").status_code == 200


def test_all_threads_come_free_and_only_the_first_ones_knock_at_the_silent_server(clinic):
    app, proxy = clinic
    get(app)
    fall_silent(clinic)
    statuses = []
    visitors = [threading.Thread(target=lambda: statuses.append(get(app, "/").status_code)) for _ in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()

    assert statuses == [503] * 12
    assert proxy.accepted <= 1 + 2 * 2, "each thread waited for the server on its own"


def test_a_statement_that_is_slow_but_answered_is_not_hung_up_on(clinic):
    app, _ = clinic
    with app.app_context(), db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        connection.execute(text("SET statement_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(5)"))
        connection.rollback()
        assert not driver.closed
        assert connection.scalar(text("SELECT 1")) == 1


def test_who_asked_to_wait_for_ever_is_left_alone(clinic):
    app, _ = clinic
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.connection.driver_connection.read_timeout_seconds = None
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(1)")) == 1
        connection.invalidate()
