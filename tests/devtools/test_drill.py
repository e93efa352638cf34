"""The race drill: it shows one winner, it can fail, and it leaves nobody else's rows touched."""

import re

import pytest
from sqlalchemy import func, select

from hms.auth.models import User
from hms.db import db
from hms.devtools import drill
from hms.directory import queries
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import SlotTaken
from tests import make
from tests.race import invariants

pytestmark = pytest.mark.race


def invoke(app, *arguments: str):
    """Run the command."""
    return app.test_cli_runner().invoke(args=["race-drill", *arguments])


def test_one_wins_and_all_others_are_refused(committing):
    answer = invoke(committing, "--patients", "12")
    assert answer.exit_code == 0, answer.output
    assert "1 booked" in answer.output
    assert "11 just taken" in answer.output
    assert "One winner, 11 refusals" in answer.output
    assert db.session.scalar(select(func.count()).select_from(Appointment)) == 1
    with db.engine.connect() as connection:
        assert invariants.broken(connection) == {}


def test_it_fails_when_more_than_one_wins(committing, monkeypatch):
    monkeypatch.setattr(drill.scheduling, "book", lambda *_, **__: None)
    answer = invoke(committing, "--patients", "4")
    assert answer.exit_code == 1
    assert "4 booked" in answer.output
    assert "Exactly one had to get it" in answer.output


@pytest.mark.parametrize("error", [SlotTaken(), ZeroDivisionError()])
def test_it_fails_when_nobody_wins(committing, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(drill.scheduling, "book", fail)
    assert invoke(committing, "--patients", "3").exit_code == 1


def test_its_accounts_are_closed_and_patients_do_not_see_its_doctor(committing):
    doctor = make.doctor("Dr Anil Bose")
    real = doctor.user.email
    invoke(committing, "--patients", "2")
    accounts = db.session.scalars(select(User).execution_options(populate_existing=True)).all()
    assert {user.email for user in accounts if user.is_active} == {real}
    assert all(re.fullmatch(r"race-drill-.*@demo\.test", user.email) for user in accounts if user.email != real)
    assert [card.full_name for card in queries.search_doctors().cards] == ["Dr Anil Bose"]


def test_it_can_be_run_again_and_again(committing):
    assert [invoke(committing, "--patients", "3").exit_code for _ in range(3)] == [0, 0, 0]


def test_in_production_it_asks_first(committing, monkeypatch):
    monkeypatch.setitem(committing.config, "MODE", "production")
    answer = invoke(committing)
    assert answer.exit_code == 1
    assert "Say --yes" in answer.output
    assert db.session.scalar(select(func.count()).select_from(User)) == 0
    assert invoke(committing, "--patients", "2", "--yes").exit_code == 0


@pytest.mark.parametrize("number", ["1", "0", "-3", "201", "many"])
def test_a_race_takes_some_patients_and_not_too_many(committing, number):
    assert invoke(committing, "--patients", number).exit_code == 2
