"""What people do with their Google account and with our events in it; nothing of that touches an appointment."""

from datetime import timedelta

from hms import outbox
from hms.calendar.google import events as google_events
from hms.calendar.google.oauth import Grant
from hms.calendar.services import connections
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from hms.scheduling import services
from tests import make
from tests.calendar.mirror import assert_equal, ids, messages, move, spans, stored
from tests.standins.google import SCOPES


def test_who_deletes_our_event_keeps_the_appointment_and_gets_the_next_change(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    for generation, purge in ((2, False), (3, True)):
        (event,) = google.events(asha.user.email)
        google.remove_event(asha.user.email, event["id"], purge=purge)
        sync()
        assert google.events(asha.user.email) == []
        db.session.refresh(visit)
        assert visit.status == "booked"
        move(visit, by=timedelta(hours=1))
        sync()
        (event,) = google.events(asha.user.email)
        assert event["id"] == google_events.event_id(visit.id, user_id=asha.user.id, generation=generation)
        assert stored(visit, asha).generation == generation


def test_an_event_that_its_user_moved_or_made_public_is_put_right_at_the_next_change(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    (event,) = google.events(asha.user.email)
    google.change_event(asha.user.email, event["id"], visibility="public", summary="Mine")
    move(visit, by=timedelta(hours=1))
    sync()
    (event,) = google.events(asha.user.email)
    assert (event["visibility"], event["summary"]) == ("private", "Appointment at Northgate Hospital")


def test_cancelling_what_its_user_has_deleted_is_done(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    google.remove_event(asha.user.email, google.events(asha.user.email)[0]["id"])
    services.cancel_as_patient(visit.id, patient=asha)
    sync()
    assert stored(visit, asha).state == "removed"
    assert messages()[-1].status == "sent"


def test_an_event_under_our_id_that_is_not_ours_is_left_alone(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    taken = google_events.event_id(visit.id, user_id=asha.user.id, generation=1)
    google.add_event(asha.user.email, visit.starts_at, visit.ends_at, id=taken, summary="Somebody else's")
    sync()
    foreign, ours = sorted(google.events(asha.user.email), key=lambda event: event["id"] != taken)
    assert foreign["summary"] == "Somebody else's"
    assert ours["summary"] == "Appointment at Northgate Hospital"


def test_connecting_brings_what_is_to_come_and_not_what_is_over(connect, sync, google, steady_clock, asha, bose):
    make.appointment(asha, doctor=bose)
    steady_clock.advance(days=4)
    to_come = [make.appointment(asha, doctor=bose) for _ in range(2)]
    make.appointment(asha, doctor=bose, status="cancelled")
    make.appointment(doctor=bose)  # somebody else's
    connect(asha)
    sync()
    assert spans(google, asha) == [(visit.starts_at, visit.ends_at) for visit in to_come]


def test_what_was_booked_while_somebody_connected_is_found_a_little_later(connect, sync, google, asha, bose):
    connect(asha)
    outbox.deliver_due()
    visit = make.appointment(asha, doctor=bose)
    with transaction() as session:  # as if its transaction had not seen the connection yet
        session.execute(db.delete(OutboxMessage).where(OutboxMessage.subject_id == visit.id))
    sync()
    assert len(spans(google, asha)) == 1


def test_connecting_the_same_account_again_repairs_everything_and_doubles_nothing(connect, sync, google, asha, bose):
    connect(asha)
    kept, moved, cancelled = (make.appointment(asha, doctor=bose) for _ in range(3))
    sync()
    connections.disconnect(asha.user)
    move(moved, by=timedelta(hours=5))
    services.cancel_as_patient(cancelled.id, patient=asha)
    make.appointment(asha, doctor=bose)
    sync()
    assert len(spans(google, asha)) == 3  # nothing is written while nothing is connected
    connect(asha)
    sync()
    assert_equal(google, asha)
    assert len(spans(google, asha)) == 3
    assert google_events.event_id(kept.id, user_id=asha.user.id, generation=1) in ids(google, asha)


def test_a_generation_outlives_disconnecting(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    google.remove_event(asha.user.email, *ids(google, asha))
    move(visit, by=timedelta(hours=1))
    sync()
    connections.disconnect(asha.user)
    connect(asha)
    sync()
    assert ids(google, asha) == [google_events.event_id(visit.id, user_id=asha.user.id, generation=2)]


def test_nothing_more_is_written_into_the_calendar_of_a_closed_account(connect, sync, google, asha, bose):
    connect(asha)
    make.appointment(asha, doctor=bose)
    make.closed(asha.user)
    sync()
    assert google.events(asha.user.email) == []
    assert {message.status for message in messages()} == {"dropped"}


def test_another_account_gets_everything_and_the_first_one_nothing_more(connect, sync, google, asha, bose):
    connect(asha)
    make.appointment(asha, doctor=bose)
    sync()
    google.add_account("other@example.test")
    make.connection(
        asha.user, Grant("other", "other@example.test", " ".join(SCOPES), google.grant("other@example.test"), "x")
    )
    make.appointment(asha, doctor=bose)
    sync()
    assert len(google.events("other@example.test")) == 2
    assert len(google.events(asha.user.email)) == 1
