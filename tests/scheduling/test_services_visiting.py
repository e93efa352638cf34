"""The day of the visit: marks, their times, and taking them back."""

from datetime import timedelta

import pytest

from hms import clock
from hms.errors import NotFound
from hms.scheduling import services
from hms.scheduling.models import ALLOWED_MOVES, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed
from tests import make
from tests.race import invariants

MARKS = {
    "arrived": services.mark_arrived,
    "fulfilled": services.mark_fulfilled,
    "noshow": services.mark_noshow,
}


@pytest.fixture(autouse=True)
def invariants_hold(session):
    """Asked of the rows at the end of every test here."""
    yield
    assert invariants.broken(session.connection()) == {}


@pytest.fixture
def visit(asha, bose):
    """Asha's appointment with Dr Bose, in two days."""
    return make.appointment(asha, doctor=bose)


def after(visit, freeze) -> None:
    """Go to the end of the visit."""
    freeze(visit.ends_at)


@pytest.mark.parametrize("status", MARKS)
def test_a_mark_is_made_and_stands_in_the_history(session, visit, bose, freeze, status):
    after(visit, freeze)
    MARKS[status](visit.id, doctor=bose)
    session.expire_all()
    assert visit.status == status
    change = visit.changes[-1]
    assert (change.from_status, change.to_status, change.actor_id) == ("booked", status, bose.user_id)


@pytest.mark.parametrize("status", MARKS)
def test_a_second_click_changes_nothing(session, visit, bose, freeze, status):
    after(visit, freeze)
    MARKS[status](visit.id, doctor=bose)
    MARKS[status](visit.id, doctor=bose)
    session.expire_all()
    assert len(visit.changes) == 2


@pytest.mark.parametrize("status", MARKS)
def test_a_stranger_finds_no_such_appointment(visit, eze, freeze, status):
    after(visit, freeze)
    with pytest.raises(NotFound):
        MARKS[status](visit.id, doctor=eze)
    with pytest.raises(NotFound):
        services.undo(visit.id, doctor=eze)
    assert visit.status == "booked"


@pytest.mark.parametrize("status", MARKS)
def test_no_mark_is_made_before_the_day(visit, bose, freeze, status):
    freeze(clock.start_of_day(clock.to_clinic(visit.starts_at).date()) - timedelta(microseconds=1))
    with pytest.raises(MoveNotAllowed, match="before the day of the appointment"):
        MARKS[status](visit.id, doctor=bose)


@pytest.mark.parametrize(("status", "allowed"), [("arrived", True), ("fulfilled", True), ("noshow", False)])
def test_on_the_day_nobody_has_missed_what_has_not_begun(visit, bose, freeze, status, allowed):
    freeze(clock.start_of_day(clock.to_clinic(visit.starts_at).date()))
    if allowed:
        assert MARKS[status](visit.id, doctor=bose).status == status
        return
    with pytest.raises(MoveNotAllowed, match="mark this visit before it starts"):
        MARKS[status](visit.id, doctor=bose)


def test_from_its_start_on_a_visit_can_be_missed(visit, bose, freeze):
    freeze(visit.starts_at)
    assert services.mark_noshow(visit.id, doctor=bose).status == "noshow"


@pytest.mark.parametrize("status", MARKS)
def test_a_cancelled_visit_cannot_be_marked_or_undone(asha, bose, freeze, status):
    cancelled = make.appointment(asha, doctor=bose, status="cancelled")
    after(cancelled, freeze)
    with pytest.raises(MoveNotAllowed):
        MARKS[status](cancelled.id, doctor=bose)
    with pytest.raises(MoveNotAllowed):
        services.undo(cancelled.id, doctor=bose)
    assert cancelled.status == "cancelled"


def test_the_table_of_moves_decides(visit, bose, freeze):
    after(visit, freeze)
    services.mark_arrived(visit.id, doctor=bose)
    assert AppointmentStatus.NOSHOW not in ALLOWED_MOVES["arrived"]
    with pytest.raises(MoveNotAllowed):
        services.mark_noshow(visit.id, doctor=bose)


@pytest.mark.parametrize(
    ("marks", "back_to"),
    [
        (["arrived"], ["booked"]),
        (["fulfilled"], ["booked"]),
        (["noshow"], ["booked"]),
        (["arrived", "fulfilled"], ["arrived", "booked"]),
        (["noshow", "arrived"], ["booked"]),  # late after all; the table has no way from arrived to missed
    ],
)
def test_undoing_takes_back_one_mark_at_a_time(session, visit, bose, freeze, marks, back_to):
    after(visit, freeze)
    for status in marks:
        MARKS[status](visit.id, doctor=bose)
    for status in back_to:
        services.undo(visit.id, doctor=bose)
        session.expire_all()
        assert visit.status == status
    with pytest.raises(MoveNotAllowed, match="nothing to undo"):
        services.undo(visit.id, doctor=bose)


@pytest.mark.parametrize("status", ["arrived", "noshow"])
def test_a_page_that_is_out_of_date_does_not_take_a_completed_visit_back(visit, bose, freeze, status):
    after(visit, freeze)
    services.mark_fulfilled(visit.id, doctor=bose)
    with pytest.raises(MoveNotAllowed):
        MARKS[status](visit.id, doctor=bose)
    assert visit.status == "fulfilled"


def test_what_was_undone_can_be_marked_otherwise(session, visit, bose, freeze):
    after(visit, freeze)
    services.mark_noshow(visit.id, doctor=bose)
    services.undo(visit.id, doctor=bose)
    services.mark_arrived(visit.id, doctor=bose)
    services.mark_fulfilled(visit.id, doctor=bose)
    services.undo(visit.id, doctor=bose)
    session.expire_all()
    assert visit.status == "arrived"


def test_there_is_nothing_to_undo_in_a_fresh_booking(visit, bose):
    with pytest.raises(MoveNotAllowed, match="nothing to undo"):
        services.undo(visit.id, doctor=bose)
