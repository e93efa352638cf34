"""A cluster that was recovered to a point in time has another timeline, by which the outbox is held."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from hms import outbox
from hms.db import db
from hms.devtools.postgres import machine
from hms.outbox import holding
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


class Cluster:
    """A PostgreSQL of the test's own, which can be recovered."""

    def __init__(self, folder: Path) -> None:
        self.data, self._folder = folder / "data", folder
        self._owner = machine.owner_of(folder)
        os.chown(folder, self._owner, -1)
        machine.open_the_way(folder, owner=self._owner)
        machine.run("initdb", "--pgdata", str(self.data), "--username=hms", "--auth=trust", owner=self._owner)
        self.url = URL.create("postgresql+psycopg2", "hms", database="postgres", query={"host": str(folder)})

    def pg_ctl(self, *words: str) -> None:
        """Start or stop it, and wait until that is done."""
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off"
        where = ("--pgdata", str(self.data), "--log", str(self._folder / "log"), "--options", options)
        machine.run("pg_ctl", *words, "--wait", *where, owner=self._owner)

    def recover(self) -> None:
        """Stop it, and start it as after a recovery of its files: to the end of what there is."""
        self.pg_ctl("stop", "--mode=fast")
        (self.data / "recovery.signal").touch()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("restore_command = 'false'\n")
        self.pg_ctl("start")
        engine = create_engine(self.url)  # it takes readers before it takes writers
        with engine.connect() as connection:
            wait_until(lambda: not connection.scalar(text("SELECT pg_is_in_recovery()")), what="the end of recovery")
        engine.dispose()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="hms-"))  # short enough for a socket's name
    cluster = Cluster(folder)
    cluster.pg_ctl("start")
    yield cluster
    cluster.pg_ctl("stop", "--mode=immediate")
    shutil.rmtree(folder)


@pytest.mark.parametrize(("minutes", "is_restored"), [(60, True), (0, False)])
def test_a_recovery_is_a_restore_if_the_row_is_old_and_else_a_standby_that_took_over(
    cluster, new_app, minutes, is_restored
):
    app = new_app(cluster.url)
    with app.app_context():
        upgrade()
        assert not outbox.notice_restore()
        with db.engine.begin() as connection:
            connection.execute(
                text("UPDATE outbox_state SET seen_at = seen_at - :ago"), {"ago": timedelta(minutes=minutes)}
            )
        db.session.remove()
        db.engine.dispose()
    cluster.recover()

    del app.extensions[holding.SEEN]  # as a process that was started after it
    with app.app_context():
        assert outbox.notice_restore() is is_restored
        assert db.session.scalar(text("SELECT timeline FROM outbox_state")) == "00000002"
        db.session.remove()
