"""How often a whole request asks the database: never more than it needs, and never more for more rows."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event

from hms.availability import services
from hms.directory import queries
from hms.scheduling import queries as booked
from hms.scheduling import services as scheduling
from tests import make


@pytest.fixture
def clinic(bose, eze):
    """Eight doctors with four free times each."""
    doctors = [bose, eze, *(make.doctor() for _ in range(6))]
    return {doctor.id: [make.slot(doctor).id for _ in range(4)] for doctor in doctors}


@pytest.fixture
def asked(client):
    """``asked(browser, path)`` is the list of statements behind that page."""

    def asked(browser, path: str, **post) -> list[str]:
        with browser.statements() as seen:
            answer = browser.post(path, **post) if post else browser.get(path)
        assert answer.status_code in (200, 303)
        return seen

    return asked


def test_the_directory_asks_three_times_and_once_more_for_who_is_signed_in(asked, client, signed_in, asha, clinic):
    assert len(asked(client, "/doctors")) <= 3
    assert len(asked(signed_in(asha), "/doctors")) <= 4
    assert len(asked(client, "/doctors?specialty=cardiology&q=Dr&part=morning&within=7&language=English")) <= 3


def test_the_directory_of_a_large_clinic_asks_twice(asked, client, clinic, monkeypatch):
    monkeypatch.setattr(queries, "MOST_TO_COUNT", 0)
    assert len(asked(client, "/doctors")) <= 2


def test_the_landing_page_asks_once(asked, client, clinic):
    assert len(asked(client, "/")) == 1


@pytest.mark.parametrize("visit", ["", "?visit=online"])
def test_a_doctors_page_asks_once_whoever_is_signed_in(asked, client, signed_in, asha, bose, clinic, visit):
    path = client.url("directory.doctor", doctor_id=bose.id) + visit
    assert len(asked(client, path)) == 1
    assert len(asked(signed_in(asha), path)) == 1


def test_the_page_before_booking_asks_little(asked, signed_in, asha, bose, clinic):
    browser = signed_in(asha)
    assert len(asked(browser, f"/patient/slots/{clinic[bose.id][0]}/book")) <= 2


def test_booking_is_five_statements_signing_in_and_audit_included(asked, signed_in, asha, bose, clinic):
    browser = signed_in(asha)
    path = f"/patient/slots/{clinic[bose.id][0]}/book"
    form = browser.get(path).page.find_form(path)
    assert len(asked(browser, path, data=form.values)) <= 5


def test_the_pages_of_a_patient_ask_as_often_for_many_visits_as_for_one(asked, signed_in, asha, bose, eze):
    browser = signed_in(asha)
    paths = ("/patient/", "/patient/appointments", "/patient/appointments?tab=past")
    make.appointment(asha, doctor=bose)
    make.appointment(asha, doctor=bose, status="fulfilled")
    few = {path: len(asked(browser, path)) for path in paths}
    for number in range(4):
        visit = make.appointment(asha, doctor=(bose, eze)[number % 2])
        make.slot(eze, starts_at=visit.starts_at + timedelta(days=3))
        scheduling.cancel_as_patient(visit.id, patient=asha)
        make.appointment(asha, doctor=(bose, eze)[number % 2])
    many = {path: len(asked(browser, path)) for path in paths}
    assert many == few
    assert max(many.values()) <= 4


def test_the_pages_of_a_doctor_ask_as_often_for_many_visits_as_for_one(asked, signed_in, bose):
    browser = signed_in(bose)
    paths = ("/doctor/", "/doctor/calendar", "/doctor/calendar?view=list", "/doctor/slots", "/doctor/appointments")
    make.appointment(doctor=bose)
    make.slot(bose)
    few = {path: len(asked(browser, path)) for path in paths}
    for _ in range(5):
        make.appointment(doctor=bose)
        make.slot(bose)
    many = {path: len(asked(browser, path)) for path in paths}
    assert many == few
    assert max(many.values()) <= 6  # one each for the session, the doctor and the audit log


def test_a_page_of_one_appointment_asks_little(asked, signed_in, asha, bose):
    visit = make.appointment(asha, doctor=bose)
    assert len(asked(signed_in(asha), f"/patient/appointments/{visit.id}")) <= 5  # the doctor's rules are the fifth
    assert len(asked(signed_in(bose), f"/doctor/appointments/{visit.id}")) <= 5  # one is of the audit log


@pytest.mark.parametrize("path", ["/healthz", "/static/portal.css", "/signup", "/no-such-page", "/signup/patient"])
def test_what_needs_nobody_asks_nothing(client, path):
    with client.statements() as seen:
        client.get(path)
    assert seen == []


@pytest.fixture
def plan_of(session):
    """``plan_of(ask, index)`` is how PostgreSQL answers what ``ask`` asks, when it has no other index of slots.

    Which one it would take depends on how many rows it believes there are; that it can take this one does not.
    """

    def plan_of(ask: Callable[[], object], index: str) -> str:
        asked: list[tuple] = []

        def note(_connection, _cursor, statement, parameters, *_: object) -> None:
            asked.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        ask()
        event.remove(Engine, "before_cursor_execute", note)
        connection = session.connection()
        with connection.begin_nested() as nested:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            leave_alone(connection, index)
            plan = "\n".join(
                row[0]
                for statement, parameters in asked
                if statement.startswith("SELECT")
                for row in connection.exec_driver_sql(f"EXPLAIN (COSTS off) {statement}", parameters)
            )
            nested.rollback()
        return plan

    return plan_of


def leave_alone(connection: Connection, index: str) -> None:
    """Drop every index of slots but this one and the primary key."""
    others = "indexrelid::regclass::text NOT IN (%(index)s, 'pk_slots')"
    for name, constraint in connection.exec_driver_sql(
        "SELECT indexrelid::regclass::text, conname FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid"
        f" AND contype IN ('u', 'x') WHERE indrelid = 'slots'::regclass AND {others}",
        {"index": index},
    ).all():
        drop = f"ALTER TABLE slots DROP CONSTRAINT {constraint} CASCADE" if constraint else f"DROP INDEX {name}"
        connection.exec_driver_sql(drop)


def ranges(plan: str, index: str) -> list[str]:
    """The bounds within which the index is read, each time that it is."""
    lines = plan.splitlines()
    uses = [n for n, line in enumerate(lines) if f" {index} on slots" in line]
    return [lines[n + 1] for n in uses]


def test_each_doctors_own_window_bounds_the_index_of_free_times(plan_of, bose, clinic):
    services.set_doctor_rules(bose.id, horizon_days=5, minimum_notice_minutes=10)

    def page():
        queries.get_doctor_with_week(bose.id, day=None, visit=None)

    asked = {
        "directory": (queries.search_doctors, "ix_slots_free", 2),
        "landing page": (queries.welcome, "ix_slots_free", 1),
        "doctor's page": (page, "ix_slots_free", 1),
        "doctor's page, online": (page, "ix_slots_free_online", 1),
        "doctor's page, week": (page, "ix_slots_doctor_starts_at", 1),
    }
    for name, (ask, index, times) in asked.items():
        found = ranges(plan_of(ask, index), index)
        assert len(found) >= times, name
        for bounds in found:
            assert "Index Cond: ((doctor_id = " in bounds, name
            assert "starts_at >= " in bounds, name
            assert "starts_at < " in bounds, name


def test_the_clinics_day_is_found_by_the_start_of_appointments_alone(session):
    connection = session.connection()
    asked: list[tuple] = []

    def note(_connection, _cursor, statement, parameters, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    booked.today()
    event.remove(Engine, "before_cursor_execute", note)
    with connection.begin_nested() as nested:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for (name,) in connection.exec_driver_sql(  # a table without statistics lets the planner take any of them
            "SELECT conname FROM pg_constraint WHERE conrelid = 'appointments'::regclass AND contype IN ('u', 'x')"
        ).all():
            connection.exec_driver_sql(f"ALTER TABLE appointments DROP CONSTRAINT {name}")
        for (name,) in connection.exec_driver_sql(
            "SELECT indexrelid::regclass::text FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid"
            " WHERE indrelid = 'appointments'::regclass AND conname IS NULL"
            " AND indexrelid <> 'ix_appointments_starts_at'::regclass"
        ).all():
            connection.exec_driver_sql(f"DROP INDEX {name}")
        statement, parameters = next(each for each in asked if "FROM appointments" in each[0])
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (COSTS off) {statement}", parameters)]
        nested.rollback()
    uses = [at for at, line in enumerate(plan) if "ix_appointments_starts_at" in line]
    assert len(uses) == 2, plan
    for at in uses:
        assert "Index Cond: ((starts_at >" in plan[at + 1], plan
