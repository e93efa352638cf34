"""What the rows send is what the running product takes, in clinics that the stage has filled."""

import pytest
from sqlalchemy import make_url

from bench import __main__ as bench
from bench import measure, outside, visitors
from bench.clinic import Clinic
from bench.database import Database
from bench.plan import Plan
from bench.rows import outside as row_3
from bench.rows import stampede, statements
from bench.servers import Setup
from bench.stage import Stage

BRIEF = Plan(10_000, (10_000,), 1, 1, ("granian",), (2,), turns=20, rounds=1, few=50, many=100, mails=20)
SETUP = Setup("granian", 1)


@pytest.fixture(scope="module")
def stage(new_database):
    """A stage with a small clinic; what is started on it ends with this module."""
    with outside.answering() as normal, outside.black_hole() as stuck:
        stage = Stage(lambda _: Database(make_url(new_database())), BRIEF, normal=normal, stuck=stuck)
        stage.prepare()
        with stage.scene():
            yield stage


@pytest.fixture(scope="module")
def product(stage):
    """HMS with its worker, once the worker has done all that it does by the clock."""
    return stage.product(SETUP)


def answer(product, request):
    """The status of the answer to a request that is sent as it is."""
    return visitors.send(product.port, request)


def test_the_running_product_takes_each_kind_of_request(product):
    """Also after its worker looked around: it signs everybody out of a database that it takes for a restored dump."""
    slots = product.ledger.take(6)
    assert [answer(product, one) for one in product.desk.bookings(slots, product.clinic)] == [303] * 6
    assert product.ledger.settle(slots) == 6
    pages = {
        "directory": measure.directory(product),
        "doctor's page, by a patient": measure.doctor_pages(product, signed_in=True)[:2],
        "doctor's page, by a visitor": measure.doctor_pages(product, signed_in=False)[:2],
        "days of doctors": measure.days_of_doctors(product)[:: Clinic.doctors],
        "own appointments": measure.own_appointments(product)[:2],
    }
    for of, requests in pages.items():
        assert (of, {answer(product, one) for one in requests}) == (of, {200})


def test_twenty_who_want_one_time_are_counted_alike_in_the_answers_and_in_the_database(product):
    one = stampede.one_round(product, 0)
    assert (one.rows, one.yes, one.broken) == (1, 1, 0)


def test_google_is_told_of_bookings_of_a_worker_that_hardly_had_a_processor(stage):
    """The product where Google answers, in both places: that it is told is then what is wrong with it."""
    normal = stage.connected(SETUP, "normal")
    with pytest.raises(measure.Untrue, match="Google was told of bookings where it never answers"):
        row_3.ensure_told(normal, normal)


def test_a_row_that_fails_does_not_keep_the_others_from_being_told(stage, monkeypatch):
    """The plans of row 10 belong to no setup; they fail like a row. The last test here: it ends all that runs."""
    monkeypatch.setattr(statements, "HOT", ("a page that there is not",))
    results = bench.measure(stage, {10})
    assert {case.of for case in results.cases} == set(statements.GOALS)
    assert [(failure.row, failure.setup) for failure in results.failures] == [(10, "plans")]
