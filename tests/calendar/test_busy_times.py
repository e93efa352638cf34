"""When Google says that a doctor is busy, patients are not offered that time; when it is silent, our data decides."""

from datetime import timedelta

import pytest

from hms import clock
from hms.auth import services as auth
from hms.availability import queries as offered
from hms.availability.models import BusyTime, Slot
from hms.calendar.models import CalendarConnection
from hms.calendar.services import busy_times, connections, tokens
from hms.db import db
from hms.scheduling import queries, services
from tests import make
from tests.standins.google import EVENTS, FREE_BUSY, SCOPES

HOUR = timedelta(hours=1)
PASS = [
    "403-rate",
    "429",
    "500",
    "503",
    "html",
    "garbage",
    "empty",
    "huge",
    "redirect",
    "cut",
    "lost",
    "free-busy-error",
]


@pytest.fixture
def connected(connect, bose):
    """Dr Bose, whose calendar is connected."""
    connect(bose)
    return bose


@pytest.fixture
def slot(connected):
    """A free time of hers."""
    return make.slot(connected)


def connection_of(doctor) -> CalendarConnection:
    """How the connection stands."""
    found = db.select(CalendarConnection).where(
        CalendarConnection.user_id == doctor.user_id, CalendarConnection.status != "ended"
    )
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def refresh(steady_clock) -> None:
    """Let the pause pass, and ask until nobody is due."""
    steady_clock.advance(hours=2.5)
    while busy_times.refresh_next():
        pass


def status_of(slot) -> tuple[str, str | None]:
    """How a slot stands, and what blocks it."""
    slot = db.session.get(Slot, slot.id, populate_existing=True)
    return slot.status, slot.blocked_by


def known(doctor) -> list[tuple]:
    """The busy times that are stored."""
    rows = db.session.scalars(db.select(BusyTime).filter_by(doctor_id=doctor.id).order_by(BusyTime.starts_at))
    return [(row.starts_at, row.ends_at) for row in rows]


HIDDEN, FREE = ("busy-unavailable", "calendar"), ("free", None)


def test_a_time_at_which_google_is_busy_is_hidden_and_comes_back(connected, slot, google, steady_clock):
    event = google.add_event(connected.user.email, slot.starts_at - HOUR, slot.ends_at, summary="CANARY")
    refresh(steady_clock)
    assert status_of(slot) == HIDDEN
    assert known(connected) == [(slot.starts_at - HOUR, slot.ends_at)]
    google.remove_event(connected.user.email, event["id"])
    refresh(steady_clock)
    assert status_of(slot) == FREE


def test_what_only_touches_a_time_does_not_hide_it(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.ends_at, slot.ends_at + HOUR)
    google.add_event(connected.user.email, slot.starts_at - HOUR, slot.starts_at)
    refresh(steady_clock)
    assert status_of(slot) == FREE


def test_a_free_event_hides_nothing(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at, transparency="transparent")
    refresh(steady_clock)
    assert status_of(slot) == FREE


def test_our_own_events_do_not_count(connected, sync, google, asha, steady_clock):
    visit = make.appointment(asha, doctor=connected)
    sync()
    assert len(google.events(connected.user.email)) == 1
    refresh(steady_clock)
    assert known(connected) == []
    services.cancel_as_patient(visit.id, patient=asha)
    refresh(steady_clock)  # it still stands in Google
    assert known(connected) == []


def test_what_reaches_beyond_our_own_event_counts_for_the_rest(connected, sync, google, asha, steady_clock):
    visit = make.appointment(asha, doctor=connected)
    slot = make.slot(connected)
    sync()
    google.add_event(connected.user.email, visit.starts_at, slot.ends_at)
    refresh(steady_clock)
    assert known(connected) == [(visit.ends_at, slot.ends_at)]
    assert status_of(slot) == HIDDEN


def test_days_that_are_over_are_forgotten(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at)
    refresh(steady_clock)
    steady_clock.set(slot.ends_at + timedelta(days=1))
    refresh(steady_clock)
    assert known(connected) == []


def test_what_has_not_changed_is_not_written_again(connected, google, steady_clock):
    google.add_event(connected.user.email, clock.now() + HOUR, clock.now() + 9 * HOUR)
    refresh(steady_clock)
    before = db.session.scalars(db.select(BusyTime.id)).all()
    refresh(steady_clock)
    assert db.session.scalars(db.select(BusyTime.id)).all() == before != []


def test_a_booked_time_is_never_touched(connected, google, asha, steady_clock):
    visit = make.appointment(asha, doctor=connected)
    google.add_event(connected.user.email, visit.starts_at, visit.ends_at)
    refresh(steady_clock)
    assert status_of(visit.slot) == ("busy", None)
    assert queries.get_appointment(visit.id, patient=asha).status == "booked"


@pytest.mark.parametrize("fault", PASS)
def test_while_google_is_of_no_help_the_last_answer_holds(connected, slot, google, steady_clock, fault):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at)
    refresh(steady_clock)
    google.fail(fault, on="freebusy.query", times=None)
    refresh(steady_clock)
    connection = connection_of(connected)
    assert connection.busy_failures >= 1
    assert connection.status == "connected"
    assert "Google" in connection.last_error
    assert status_of(slot) == HIDDEN
    google.heal()
    refresh(steady_clock)
    assert (connection_of(connected).busy_failures, connection_of(connected).last_error) == (0, None)


def test_after_a_day_without_an_answer_our_own_data_decides(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at)
    refresh(steady_clock)
    google.fail("503", on="freebusy.query", times=None)
    steady_clock.advance(hours=20)
    assert busy_times.drop_stale() == 0
    steady_clock.advance(hours=5)
    assert busy_times.drop_stale() == 1
    assert status_of(slot) == FREE
    assert busy_times.drop_stale() == 0


def test_disconnecting_forgets_them_at_once(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at)
    refresh(steady_clock)
    connections.disconnect(connected.user)
    assert status_of(slot) == FREE
    assert known(connected) == []


def test_a_lost_connection_is_noted_and_not_asked_again(connected, google, steady_clock):
    google.revoke_grant(connected.user.email)
    refresh(steady_clock)
    assert connection_of(connected).status == "broken"
    asked = len(google.log)
    refresh(steady_clock)
    assert len(google.log) == asked


def test_a_permission_that_is_missing_is_not_asked_for_again_and_again(connected, google, steady_clock):
    google.fail("403-scopes", on="freebusy.query", times=None)
    refresh(steady_clock)
    asked = len(google.log)
    refresh(steady_clock)
    assert len(google.log) == asked
    assert "leave every box ticked" in connection_of(connected).last_error
    google.heal()
    steady_clock.advance(hours=48)
    assert busy_times.refresh_next()
    assert connection_of(connected).last_error is None


def test_who_did_not_allow_it_and_who_is_no_doctor_is_not_asked_about(connect, google, steady_clock, asha, bose):
    connect(asha)
    connect(bose, scopes=frozenset({EVENTS, "openid"}))
    refresh(steady_clock)
    assert google.calls("freebusy.query") == []


def test_pauses_grow_with_failures_and_heed_what_google_asks(connected, google, steady_clock):
    steady_clock.freeze()
    google.fail("503", on="freebusy.query", times=4)
    pauses = []
    for _ in range(4):
        steady_clock.freeze(connection_of(connected).next_busy_at)
        busy_times.refresh_next()
        pauses.append(connection_of(connected).next_busy_at - clock.now())
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=13) < timedelta(minutes=60) < pauses[-1] <= 1.2 * timedelta(hours=2)
    google.fail("429", on="freebusy.query")  # Retry-After: 3600
    steady_clock.freeze(connection_of(connected).next_busy_at)
    busy_times.refresh_next()
    assert connection_of(connected).next_busy_at - clock.now() >= timedelta(hours=1)


def test_each_doctor_is_asked_about_by_one_worker_and_not_before_it_is_due(connected, google):
    assert busy_times.refresh_next() is True
    assert busy_times.refresh_next() is False
    assert len(google.calls("freebusy.query")) == 2  # 61 days, a month at a time


def test_an_answer_that_comes_too_late_is_not_stored(connected, slot, google, monkeypatch, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at)
    read = busy_times._read

    def read_and_be_disconnected(*arguments):
        reading = read(*arguments)
        connections.disconnect(connected.user)
        return reading

    monkeypatch.setattr(busy_times, "_read", read_and_be_disconnected)
    refresh(steady_clock)
    assert known(connected) == []


def test_no_transaction_is_open_while_google_is_waited_for(connected, sync, google, asha, monkeypatch, steady_clock):
    from hms.calendar.google import http

    ask, opened = http.ask, []

    def watched(*arguments, **options):
        opened.append(db.session().in_transaction())
        return ask(*arguments, **options)

    monkeypatch.setattr(tokens.api, "ask", watched)
    make.appointment(asha, doctor=connected)
    sync()
    refresh(steady_clock)
    assert len(opened) >= 4
    assert not any(opened)


def test_staff_read_that_it_is_the_calendar(connected, slot, google, steady_clock):
    google.add_event(connected.user.email, slot.starts_at, slot.ends_at, summary="CANARY")
    refresh(steady_clock)
    reasons = offered.explain_day(connected.id, clock.to_clinic(slot.starts_at).date())
    assert "calendar" in {str(explained.reason) for explained in reasons}
    assert "CANARY" not in str(reasons)


@pytest.mark.parametrize(
    ("busy", "own", "left"),
    [
        ([(1, 5)], [], [(1, 5)]),
        ([(1, 5)], [(1, 5)], []),
        ([(1, 5)], [(2, 3)], [(1, 2), (3, 5)]),
        ([(1, 5)], [(0, 2)], [(2, 5)]),
        ([(1, 5)], [(4, 9)], [(1, 4)]),
        ([(1, 5)], [(0, 9)], []),
        ([(1, 5)], [(5, 6), (0, 1)], [(1, 5)]),
        ([(1, 3), (4, 6)], [(2, 5)], [(1, 2), (5, 6)]),
        ([(1, 9)], [(2, 3), (2, 3), (5, 6)], [(1, 2), (3, 5), (6, 9)]),
    ],
)
def test_cutting_out_what_is_ours(busy, own, left):
    assert busy_times.without(busy, own) == left


def test_the_calendar_of_a_closed_account_is_not_read(connected, google, steady_clock):
    auth.deactivate(connected.user.email)
    refresh(steady_clock)
    assert google.calls("freebusy.query") == []


def test_who_allows_it_later_is_asked_with_a_token_that_knows_it(connect, sync, google, steady_clock, asha, bose):
    """The worker still holds one from before, which is good for events only."""
    connect(bose, scopes=SCOPES - {FREE_BUSY})
    make.appointment(asha, doctor=bose)
    sync()
    connection = connection_of(bose)
    tokens.access_token(connection.id)
    steady_clock.advance(minutes=1)
    connect(bose)
    assert busy_times.refresh_next()
    assert connection_of(bose).busy_checked_at is not None
    assert connection_of(bose).next_busy_at is not None
