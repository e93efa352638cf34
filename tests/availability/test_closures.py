"""Closures of the clinic: every doctor's free times are hidden at once, what is booked stays, the command says so."""

from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from hms import clock
from hms.availability import queries, services
from hms.availability.models import Closure, Slot
from hms.availability.refusals import AwayThen
from hms.db import db
from hms.errors import Invalid, NotFound
from hms.scheduling import services as scheduling
from tests import make
from tests.authz.snapshot import fingerprint
from tests.race import invariants

EVE, CHRISTMAS, BOXING = date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


@pytest.fixture
def clinic(session, bose, eze):
    """Dr Bose has weekly hours from 9 to 10, Dr Eze two times of Christmas by hand."""
    make.schedule(bose, make.hours(weekdays=range(7)))
    make.slot(eze, day=CHRISTMAS, start=time(9))
    make.slot(eze, day=CHRISTMAS, start=time(23, 30))
    return bose, eze


@pytest.fixture
def run(app):
    """``run("list")`` is the output of ``flask closures list``."""

    def run(*arguments: str, exit_code: int = 0) -> str:
        answer = app.test_cli_runner().invoke(args=["closures", *arguments])
        assert answer.exit_code == exit_code, answer.output
        return answer.output

    return run


def stand(day: date) -> dict[str, int]:
    """How many slots of a day are free, busy, or blocked by what."""
    starts_at, ends_at = clock.day_bounds(day)
    how = func.coalesce(Slot.blocked_by, Slot.status)
    rows = select(how, func.count()).where(Slot.starts_at >= starts_at, Slot.starts_at < ends_at).group_by(how)
    return {row[0]: row[1] for row in db.session.execute(rows)}


def work() -> None:
    """What the worker does until nothing waits."""
    while services.refresh_next():
        pass


def test_a_closure_hides_the_free_times_of_all_doctors_at_once(clinic):
    closing = services.add_closure(first_day=CHRISTMAS, last_day=BOXING, name=" Christmas ")
    assert (closing.closure.name, closing.hidden_free, closing.booked) == ("Christmas", 8, [])
    assert (stand(EVE), stand(CHRISTMAS), stand(BOXING)) == ({"free": 3}, {"closure": 5}, {"closure": 3})


def test_the_same_closure_sent_twice_is_one(clinic):
    christmas = {"first_day": CHRISTMAS, "last_day": BOXING, "name": "Christmas"}
    first = services.add_closure(**christmas)
    again = services.add_closure(**christmas)
    assert (again.closure, again.hidden_free) == (first.closure, 0)
    assert services.add_closure(**christmas | {"name": "Works"}).closure != first.closure
    assert [each.name for each in queries.list_closures()] == ["Christmas", "Works"]


def test_the_worker_removes_what_hours_had_made_and_keeps_what_was_opened_by_hand(clinic):
    services.add_closure(first_day=CHRISTMAS, last_day=BOXING, name="Christmas")
    work()
    assert (stand(EVE), stand(CHRISTMAS), stand(BOXING)) == ({"free": 3}, {"closure": 2}, {})


@pytest.mark.parametrize("worked_meanwhile", [False, True])
def test_when_the_closure_is_removed_the_times_come_back(clinic, worked_meanwhile):
    closing = services.add_closure(first_day=CHRISTMAS, last_day=BOXING, name="Christmas")
    if worked_meanwhile:
        work()
    services.remove_closure(closing.closure.id)
    work()
    assert (stand(CHRISTMAS), stand(BOXING)) == ({"free": 5}, {"free": 3})
    assert queries.list_closures() == []


def test_what_is_booked_stays_and_is_listed_before_and_after(session, clinic):
    _, eze = clinic
    slot = session.scalar(select(Slot).where(Slot.doctor_id == eze.id).order_by(Slot.starts_at))
    visit = make.appointment(slot=slot)
    before = fingerprint(session)
    preview = services.preview_closure(CHRISTMAS, CHRISTMAS)
    assert (preview.hidden_free, [each.id for each in preview.booked]) == (4, [visit.id])
    assert fingerprint(session) == before
    closing = services.add_closure(first_day=CHRISTMAS, last_day=CHRISTMAS, name="Christmas")
    assert (closing.hidden_free, [each.id for each in closing.booked]) == (4, [visit.id])
    work()
    assert stand(CHRISTMAS) == {"busy": 1, "closure": 1}
    assert [each.id for each in queries.list_out_of_hours(eze)] == [visit.id]
    scheduling.cancel_as_patient(visit.id, patient=visit.patient)
    assert stand(CHRISTMAS) == {"closure": 2}


def test_a_closure_lasts_from_midnight_to_midnight_on_the_clinics_wall(session, eze):
    for day, start in ((EVE, time(23, 30)), (CHRISTMAS, time(0)), (BOXING, time(0))):
        make.slot(eze, day=day, start=start)
    services.add_closure(first_day=CHRISTMAS, last_day=CHRISTMAS, name="Christmas")
    assert (stand(EVE), stand(CHRISTMAS), stand(BOXING)) == ({"free": 1}, {"closure": 1}, {"free": 1})


def test_no_time_is_opened_by_hand_while_the_clinic_is_closed(session, eze):
    services.add_closure(first_day=CHRISTMAS, last_day=CHRISTMAS, name="Christmas")
    with pytest.raises(AwayThen, match="The clinic is closed"):
        services.open_slot(eze, day=CHRISTMAS, start=time(9), end=time(10))


def test_closures_that_are_over_are_not_listed(session, steady_clock):
    services.add_closure(first_day=BOXING, last_day=BOXING, name="Boxing Day")
    services.add_closure(first_day=CHRISTMAS, last_day=CHRISTMAS, name="Christmas")
    assert [closure.name for closure in queries.list_closures()] == ["Christmas", "Boxing Day"]
    steady_clock.set(datetime(2026, 12, 26, 12, tzinfo=UTC))
    assert [closure.name for closure in queries.list_closures()] == ["Boxing Day"]


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (BOXING, CHRISTMAS, "Christmas"),
        (date(2026, 11, 20), date(2026, 11, 22), "Over"),
        (CHRISTMAS, date(2027, 12, 26), "For ever"),
        (date(2100, 1, 1), date(2100, 1, 1), "Next century"),
        (CHRISTMAS, CHRISTMAS, "  "),
        (CHRISTMAS, CHRISTMAS, "x" * 81),
    ],
)
def test_closures_that_make_no_sense_are_refused(session, clinic, first, last, name):
    with pytest.raises(Invalid):
        services.add_closure(first_day=first, last_day=last, name=name)
    assert stand(CHRISTMAS) == {"free": 5}


def test_the_command_says_what_it_hid_and_what_is_booked(session, clinic, run):
    _, eze = clinic
    slot = session.scalar(select(Slot).where(Slot.doctor_id == eze.id).order_by(Slot.starts_at))
    visit = make.appointment(slot=slot, patient=make.patient("Nadia Private"))
    output = run("add", "--first", "2026-12-25", "--name", "Christmas Day")
    assert output == (
        "Closed: 2026-12-25, Christmas Day. Hid 4 free slots.\n"
        "Still booked. Closing doesn’t cancel these appointments:\n"
        f"  {visit.reference}  2026-12-25 09:00  Dr Ngozi Eze\n"
    )
    assert "Nadia" not in output


def test_closures_are_listed_and_removed_by_command(session, clinic, run):
    assert run("list") == ""
    run("add", "--first", "2026-12-25", "--last", "2026-12-26", "--name", "Christmas")
    closure = session.scalars(select(Closure)).one()
    assert run("list") == f"{closure.id}  2026-12-25 to 2026-12-26, Christmas\n"
    assert "2026-12-25 to 2026-12-26, Christmas" in run("remove", str(closure.id))
    assert run("list") == ""
    assert "We can’t find this closure" in run("remove", str(closure.id), exit_code=1)
    with pytest.raises(NotFound):
        services.remove_closure(uuid4())


@pytest.mark.parametrize(
    ("first", "more", "exit_code", "sentence"),
    [
        ("Christmas", [], 2, "isn’t a day like"),
        ("2026-12-25", ["--last", "2026-12-24"], 1, "The last day must be on or after the first"),
        ("2020-12-25", [], 1, "in the past"),
    ],
)
def test_the_command_refuses_days_that_make_no_sense(session, run, first, more, exit_code, sentence):
    assert sentence in run("add", "--first", first, *more, "--name", "Fair", exit_code=exit_code)
