"""HMS without one of the things that make it faster answers all the same, and says what a request took."""

from datetime import UTC, datetime

import pytest
from flask_migrate import upgrade
from sqlalchemy import make_url

from bench import load
from bench.ablation import switches, variants
from bench.ablation.requests import Requests
from bench.ablation.switches import CONTROL, SWITCHES
from bench.clinic import Clinic
from bench.database import Database
from bench.ledger import Ledger
from bench.stage import Site, application


@pytest.fixture(scope="module")
def site(new_database):
    """A small clinic."""
    database, clinic = Database(make_url(new_database())), Clinic(slots=10_000)
    with application(database) as app, app.app_context():
        upgrade()
    load.load(database, clinic, today=datetime.now(UTC).date(), progress=lambda _: None)
    return Site(database, clinic, Ledger(database, clinic))


def test_requests_of_every_kind_are_answered_and_take_time(site):
    requests = Requests(site)
    with variants.running(site.database, {CONTROL: SWITCHES[CONTROL].turn}) as ends:
        for kind in SWITCHES[CONTROL].kinds:
            took = variants.ask(ends[CONTROL], requests.of(kind, 3))
            assert [one.web > 0 for one in took] == [True] * 3
            assert sum(one.database for one in took) > 0


def test_a_variant_that_refuses_is_noticed(site):
    with variants.running(site.database, {CONTROL: SWITCHES[CONTROL].turn}) as ends:
        nowhere = b"GET /no-such-page HTTP/1.1\r\nHost: clinic.example\r\nX-Forwarded-Proto: https\r\n\r\n"
        with pytest.raises(variants.Failed, match="404"):
            variants.ask(ends[CONTROL], [nowhere])


@pytest.mark.parametrize("name", SWITCHES)
def test_what_a_switch_puts_in_its_place_is_there(monkeypatch, name):
    replaced = []
    monkeypatch.setattr(switches, "_put", lambda where, name, plain: replaced.append(hasattr(where, name)))
    SWITCHES[name].turn()
    assert all(replaced)
    assert bool(replaced) != (name == CONTROL)
    assert set(SWITCHES[name].kinds) <= set(SWITCHES[CONTROL].kinds)
