"""A tiny clinic is loaded, shown, booked and measured in the way a large one is."""

from datetime import UTC, datetime

import pytest
from flask_migrate import upgrade
from sqlalchemy import make_url

from bench import anchor, clinic, load, product
from bench.database import Database
from bench.ledger import Full, Ledger
from bench.rows import statements
from bench.stage import Site, application
from bench.visitors import Desk

TINY = clinic.Clinic(slots=800, doctors=10, patients=12)
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def progress():
    """How many slots the loader said there were, each time."""
    return []


@pytest.fixture(scope="module")
def site(new_database, progress):
    """A tiny clinic, loaded as the bench loads a large one."""
    database = Database(make_url(new_database()))
    with application(database) as app, app.app_context():
        upgrade()
    load.load(database, TINY, today=TODAY, progress=progress.append)
    return Site(database, TINY, Ledger(database, TINY))


@pytest.fixture
def ask(site):
    """A function that asks the database one question and gives the answer's only value."""

    def ask(question, *values):
        with site.database.connected() as link, link.cursor() as cursor:
            cursor.execute(question, values)
            return cursor.fetchone()[0]

    return ask


def test_everything_is_there(ask, progress):
    assert [ask(f"SELECT count(*) FROM {table}") for table in ("slots", "doctors", "patients", "sessions")] == [
        800,
        10,
        12,
        12,
    ]
    assert progress == [800]


def test_the_first_weeks_lie_ahead_and_all_others_behind(ask):
    assert ask("SELECT count(*) FROM slots WHERE starts_at > now()") == 700
    assert ask("SELECT count(*) FROM slots WHERE starts_at < now()") == 100
    assert ask("SELECT count(*) FROM slots WHERE starts_at > now() + interval '60 days'") == 0


def test_every_patient_has_the_same_appointments_from_the_beginning(ask):
    assert ask("SELECT count(*) FROM appointments") == 20
    assert ask("SELECT count(*) FROM appointment_changes") == 20
    assert ask("SELECT count(*) FROM slots WHERE status = 'busy'") == 20


def test_a_slot_in_the_database_has_the_doctor_that_arithmetic_gives_it(ask):
    doctor = ask("SELECT doctor_id::text FROM slots WHERE id = %s::uuid", str(clinic.uuid_of(clinic.SLOT, 437)))
    assert doctor == str(clinic.uuid_of(clinic.DOCTOR, 7))


def test_the_bare_transaction_books_each_slot_once_for_a_patient_who_is_free(site, ask):
    slots = site.ledger.take(48)
    measured = anchor.bookings(site.database, TINY, slots, clients=4)
    assert site.ledger.settle(slots) == 48
    assert measured.rate > 0
    assert measured.p50 > 0
    site.ledger.free_everything()
    assert ask("SELECT count(*) FROM appointments") == 20
    assert ask("SELECT count(*) FROM slots WHERE status = 'busy'") == 20


def test_everything_bookable_can_be_booked(site, ask):
    """No patient is meant to be in two places at once."""
    slots = site.ledger.take(len(TINY.bookable))
    anchor.bookings(site.database, TINY, slots, clients=1)
    assert ask("SELECT count(*) FROM appointments") == len(slots) + 20
    site.ledger.free_everything()


def test_the_ledger_gives_no_slot_out_twice_before_all_are_freed(site):
    ledger = Ledger(site.database, TINY)
    first = ledger.take(600)
    ledger.pass_over(first)
    assert ledger.take(70).start == first.stop
    assert ledger.take(71) == range(first.start, first.start + 71)
    with pytest.raises(Full, match="only 670 times"):
        ledger.take(671)


@pytest.mark.parametrize("of", statements.GOALS)
def test_the_requests_made_in_advance_are_answered_by_the_product(site, of):
    """They are signed in, carry a token that is good, and a booking books."""
    asked = statements.recorded(site, of) if of == "directory" else statements.of_patient(site, of)
    assert any("FROM slots" in one or "FROM appointments" in one for one in asked)


def test_a_request_made_for_another_secret_key_is_noticed(site):
    slot = site.ledger.take(1)[0]
    request = Desk("another secret key, of another run").book(slot, patient=TINY.patient(slot))
    with application(site.database) as app, pytest.raises(statements.Failed, match="answered 400"):
        statements.send(app, request)


def test_the_plans_of_the_hot_queries_are_found(site):
    plans = statements.plans(site)
    assert list(plans) == ["directory", "doctor's page", "booking"]
    assert "FOR NO KEY UPDATE" in plans["booking"]
    assert all("Execution Time" in plan and "Buffers" in plan for plan in plans.values())


def test_the_statements_of_a_page_run_in_pgbench_as_they_are(site):
    assert anchor.statements(site.database, statements.recorded(site, "directory"), turns=3).p50 > 0


def test_the_product_is_set_up_as_in_production(site):
    told = product.settings(site.database)
    assert told["MODE"] == "production"
    assert told["PUBLIC_URL"].startswith("https://")
