"""What every answer carries, whatever it is, and the pages for when something goes wrong."""

import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from psycopg2 import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hms import clock, errors
from hms.db import Busy, db, transaction
from hms.web import health
from tests.pages import Page

LEAKS = re.compile(r"Traceback|File \"/|psycopg|sqlalchemy|(?<!<)SELECT |/hms/|werkzeug", re.IGNORECASE)
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def breaking(monkeypatch, app: Flask, error: Exception) -> None:
    """Let the landing page raise this."""

    def fail():
        raise error

    monkeypatch.setitem(app.view_functions, "directory.landing", fail)


def check_headers(answer) -> None:
    """Fail unless the answer carries what every answer must."""
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert STRICT.items() <= policy.items()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "*" not in answer.headers["Content-Security-Policy"]
    assert ALWAYS.items() <= dict(answer.headers).items()
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])
    assert "Server" not in answer.headers


WAYS_TO_FAIL = {
    200: {"path": "/"},
    303: {"path": "/logout", "method": "POST"},
    302: {"path": "/patient/"},
    308: {"path": "/patient"},
    400: {"path": "/login", "method": "POST", "data": {}},
    404: {"path": "/no-such-page"},
    405: {"path": "/doctors", "method": "POST", "data": {}},
    413: {"path": "/login", "method": "POST", "data": b"x" * 3_000_000, "content_type": "text/plain"},
    422: {"path": "/login", "method": "POST"},
}


@pytest.mark.parametrize("status", WAYS_TO_FAIL)
def test_every_answer_is_dressed(client, status):
    request = {"method": "GET", **WAYS_TO_FAIL[status]}
    if request["method"] == "POST" and "data" not in request:
        request["data"] = {"csrf_token": client.csrf_token()}
    if status == 405:
        request["data"] = {"csrf_token": client.csrf_token()}
    answer = client.open(request.pop("path"), **request)
    assert answer.status_code == status
    check_headers(answer)
    if status >= 400:
        assert len(answer.page.heading) > 5
        assert answer.headers["X-Request-ID"] in answer.text or status == 422


@pytest.mark.parametrize("address", ["/static/portal.css", "/healthz", "/readyz", "/static/nothing.css"])
def test_files_and_health_are_dressed_too(client, address):
    check_headers(client.get(address))


def test_a_refusal_that_nobody_shows_becomes_a_page_with_its_sentence(client, app, monkeypatch):
    for kind in (errors.NotFound, errors.Forbidden, errors.Conflict, errors.Invalid, errors.Unavailable):
        breaking(monkeypatch, app, kind("This sentence is for a person."))
        answer = client.get("/")
        assert answer.status_code == kind.status
        assert answer.page.heading == kind.title
        assert "This sentence is for a person." in answer.page.text
        check_headers(answer)


@pytest.mark.parametrize("error", [Busy(), OperationalError("SELECT 1", {}, Exception("away")), PoolTimeout()])
def test_a_database_that_is_busy_or_away_is_said_to_be_and_when_to_try_again(client, app, monkeypatch, error):
    breaking(monkeypatch, app, error)
    answer = client.get("/")
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert not LEAKS.search(answer.page.text)
    check_headers(answer)


@pytest.mark.parametrize("error", [ZeroDivisionError("at /hms/x.py"), DataError("SELECT secret", {}, None)])
def test_a_bug_is_a_page_without_a_trace_of_the_code(client, app, monkeypatch, caplog, error):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    breaking(monkeypatch, app, error)
    answer = client.get("/")
    assert answer.status_code == 500
    assert not LEAKS.search(answer.text)
    assert answer.headers["X-Request-ID"] in answer.text
    assert answer.headers["X-Request-ID"] in caplog.text
    check_headers(answer)


@pytest.fixture
def lost(new_app, server):
    """An application whose database does not answer."""
    return new_app(server.set(host="127.0.0.1", port=1, query={})).test_client()


@pytest.mark.parametrize("cookie", [None, "A" * 43, "garbage", "a.b.c"])
def test_without_a_database_there_is_a_page_that_says_so(lost, cookie):
    if cookie:
        lost.set_cookie("hms", cookie)
    answer = lost.get("/doctors")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Your bookings are safe" in Page(answer.text).text
    check_headers(answer)


def test_without_a_database_it_is_alive_and_not_ready(lost):
    assert lost.get("/healthz").status_code == 200
    assert lost.get("/readyz").status_code == 503
    assert lost.get("/no-such-page").status_code == 404


def test_it_is_not_ready_before_its_migrations(new_app, new_database):
    browser = new_app(new_database()).test_client()
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unavailable")


def test_it_is_not_ready_one_migration_behind(session, client):
    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "0001" in answer.json["reason"]


def test_an_old_process_stays_ready_when_a_later_version_has_migrated_the_tables(session, client):
    session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert client.get("/readyz").json == {"status": "ok"}


def test_it_is_not_ready_while_no_revision_is_stored(session, client):
    session.execute(text("DELETE FROM alembic_version"))
    assert client.get("/readyz").status_code == 503


def test_asking_whether_it_is_ready_reads_no_migration_scripts(client, monkeypatch):
    opened = []
    monkeypatch.setattr(Path, "glob", lambda *args: opened.append(args) or iter(()))
    monkeypatch.setattr(ScriptDirectory, "__init__", lambda *args, **_: opened.append(args))
    assert client.get("/readyz").status_code == 200
    assert opened == []


def test_what_a_version_needs_is_the_last_of_its_migrations(app):
    scripts = ScriptDirectory(app.extensions["migrate"].directory)
    assert app.extensions[health.REVISIONS][-1] == scripts.get_current_head()


@pytest.fixture
def own(new_app, migrated_database):
    """An application with a database of its own that has its tables."""
    return new_app(migrated_database())


def run_alone(app, statement):
    """Change the database itself, and have the application's connections made anew."""
    with app.app_context():
        db.session.remove()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = connection.scalar(text("SELECT current_database()"))
            for each in statement.split(";"):
                connection.execute(text(each.format(name=name)))
        db.engine.dispose()


def test_it_is_not_ready_while_nothing_can_be_written_and_ready_again_by_itself(own, monkeypatch):
    monkeypatch.setattr(health, "PROBE_SECONDS", 0)
    browser = own.test_client()
    assert browser.get("/readyz").status_code == 200
    for limit in ("temp_file_limit = 0", "default_transaction_read_only = on"):
        run_alone(own, f'ALTER DATABASE "{{name}}" SET {limit}')
        answer = browser.get("/readyz")
        assert answer.status_code == 503
        assert re.search("no room left on its disk|can only be read", answer.json["reason"])
        run_alone(own, f'SET default_transaction_read_only = off; ALTER DATABASE "{{name}}" RESET {limit.split()[0]}')
        assert browser.get("/readyz").status_code == 200


def test_a_full_disk_is_noticed(client, app, monkeypatch):
    def full(*_: object):
        raise OperationalError("SELECT", {}, pg.DiskFull("could not extend file: No space left on device"))

    monkeypatch.setitem(app.extensions, health.ROOM, health.Room())
    monkeypatch.setattr(health, "session_connection", lambda **_: SimpleNamespace(scalar=lambda _: "off", execute=full))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["reason"]) == (503, "The database has no room left on its disk.")


def test_the_disk_is_tried_now_and_then_however_often_it_is_asked(client, app, monkeypatch):
    room = health.Room()
    monkeypatch.setitem(app.extensions, health.ROOM, room)
    tried = []
    monkeypatch.setattr(health.Room, "_try", lambda _: tried.append(1))
    for _ in range(20):
        client.get("/readyz")
    assert len(tried) <= 2
    room._looked_at -= health.PROBE_SECONDS
    client.get("/readyz")
    assert len(tried) >= 2


def test_it_is_not_ready_while_its_clock_is_wrong(client, monkeypatch):
    monkeypatch.setattr(clock, "_reading", None)
    clocks = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + 300)
    monkeypatch.setattr(clock, "machine", clocks)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "300 seconds ahead" in answer.json["reason"]
    clocks.time = time.time
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("damage", ["DROP TABLE specialties CASCADE", "ALTER TABLE specialties DROP COLUMN name"])
def test_pages_of_a_version_newer_than_its_tables_say_that_it_is_being_updated(own, monkeypatch, caplog, damage):
    monkeypatch.setitem(own.config, "PROPAGATE_EXCEPTIONS", False)
    run_alone(own, damage)
    browser = own.test_client()
    assert browser.get("/doctors").status_code == 500  # the tables are as new as this version: a bug

    with own.app_context(), transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = browser.get("/doctors")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert Page(answer.text).heading == "The service is being updated"
    assert "The tables are at 0001, this version needs" in caplog.text
    check_headers(answer)


def test_pages_without_any_tables_say_that_it_is_being_updated(new_app, new_database):
    assert new_app(new_database()).test_client().get("/doctors").status_code == 503


def test_it_is_ready_with_its_tables(client):
    assert client.get("/readyz").json == {"status": "ok"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"Host": "localhost.evil.test"},
        {"Host": "localhost@evil.test"},
        {"Host": "evil.test:80"},
        {"Host": "localhost, evil.test"},
        {"Host": ""},
    ],
)
def test_another_host_is_refused_and_not_repeated(client, headers):
    answer = client.get("/login", headers=headers)
    assert answer.status_code == 400
    assert "evil.test" not in answer.text + str(answer.headers)
    check_headers(answer)


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"],
)
def test_a_forwarded_host_is_not_believed(client, name):
    """No proxy is configured, so nothing that a proxy would say counts."""
    for path in ("/", "/login", "/patient/", "/no-such-page"):
        answer = client.get(path, headers={name: "host=evil.test" if name == "Forwarded" else "evil.test"})
        assert answer.status_code < 500
        assert "evil.test" not in answer.text + str(answer.headers)


def test_a_method_override_does_not_override(client):
    answer = client.get("/logout", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/doctors?q=%00",
        "/doctors?q=a%1Fb",
        "/doctors?specialty=%00",
        "/doctors?%00=1",
        "/doctors/%00",
        "/doctors?q=%ff%fe",
        "/doctors?q=%ED%A0%80",
        "/doctors?page=" + "9" * 5000,
        "/doctors?page=%D9%A3",
        "/doctors?page=-1",
        "/login?next=%00",
        "/login?next=" + "/" * 5000,
        "/%ff",
        "/..%2f..%2fetc/passwd",
        "/static/..%2f..%2fconfig.py",
        "/static/%00",
        "/doctors/00000000-0000-0000-0000-000000000000?day=9999-99-99",
        "/doctors/00000000-0000-0000-0000-00000000000",
        "/doctors/٣",
        "/reset-password/%00",
        "/verify-email/" + "x" * 3000,
        "//evil.test",
        "/doctors//",
    ],
)
def test_a_hostile_address_never_breaks_anything(client, path):
    answer = client.get(path)
    assert answer.status_code < 500
    assert not LEAKS.search(answer.text)
    check_headers(answer)


@pytest.mark.parametrize("cookie", ["", "A" * 43, "a" * 4000, "é", "eyJ4Ijox.x.x", '"', "..", "=;"])
def test_a_hostile_cookie_is_nobodys(client, cookie):
    answer = client.get("/patient/", headers={"Cookie": f"hms={cookie}"})
    assert answer.status_code == 302
    assert client.get("/", headers={"Cookie": f"hms={cookie}"}).status_code == 200


def test_more_parts_than_a_form_can_have_are_refused(client):
    data = {f"field{number}": "x" for number in range(1500)}
    assert client.post("/login", data=data, content_type="multipart/form-data").status_code == 413


def test_more_text_than_a_form_can_have_is_refused(client):
    part = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + b"x" * 600_000 + b"\r\n--b--\r\n"
    answer = client.post("/login", data=part, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 413


def test_pages_of_a_person_are_kept_out_of_caches(client, signed_in, asha):
    for browser in (client, signed_in(asha)):
        answer = browser.get("/doctors")
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]


def test_a_file_with_its_hash_is_kept_for_ever(client):
    (address,) = {link.get("href") for link in client.page("auth.login").all(".//link[@rel='stylesheet']")}
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert "immutable" not in client.get("/static/portal.css").headers["Cache-Control"]


def test_only_https_is_told_to_stay_with_https(client):
    assert "Strict-Transport-Security" not in client.get("/").headers
    assert "max-age=31536000" in client.get("/", base_url="https://localhost").headers["Strict-Transport-Security"]


def test_a_request_has_an_id_of_its_own(client):
    assert client.get("/").headers["X-Request-ID"] != client.get("/").headers["X-Request-ID"]
    forged = client.get("/", headers={"X-Request-ID": "forged\r\nX: 1".replace("\r\n", "")})
    assert "forged" not in forged.headers["X-Request-ID"]
