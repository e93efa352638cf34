"""What stands in Google Calendar is what stands here, whatever order and however often it is said."""

from datetime import datetime, timedelta

import pytest

from hms import outbox
from hms.auth.models import Patient
from hms.calendar.google import events as google_events
from hms.calendar.google.oauth import Grant
from hms.calendar.models import CalendarConnection, CalendarEvent
from hms.calendar.services import connections, matching, mirroring
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from hms.scheduling import services, signals
from hms.scheduling.models import Appointment
from tests import make
from tests.standins.google import SCOPES
from tests.standins.google.calendar import span_of


def messages() -> list[OutboxMessage]:
    """The messages to Google, oldest first."""
    db.session.expire_all()
    return list(db.session.scalars(db.select(OutboxMessage).filter_by(kind=mirroring.KIND).order_by(OutboxMessage.id)))


def stored(visit, who) -> CalendarEvent:
    """Our note of the event."""
    found = db.select(CalendarEvent).join(CalendarConnection).where(CalendarConnection.user_id == who.user.id)
    return db.session.scalars(
        found.where(CalendarEvent.appointment_id == visit.id).execution_options(populate_existing=True)
    ).one()


def move(visit, *, by: timedelta) -> None:
    """What rescheduling will do."""
    with transaction() as session:
        visit = session.merge(visit)
        visit.starts_at += by
        visit.ends_at += by
        visit.version += 1
        session.flush()
        signals.appointment_moved.send(visit)


def test_a_booking_stands_in_both_calendars(connect, sync, google, asha, bose):
    connect(asha), connect(bose)
    visit = make.appointment(asha, doctor=bose, reason="CANARY chest pain")
    sync()
    for who, page in ((asha, "patient"), (bose, "doctor")):
        (event,) = google.events(who.user.email)
        assert event["summary"] == "Appointment at Northgate Hospital"
        assert event["visibility"] == "private"
        assert event["start"]["timeZone"] == "Europe/London"
        assert f"http://localhost/{page}/appointments/{visit.id}" in event["description"]
        assert event["id"] == google_events.event_id(visit.id, user_id=who.user.id, generation=1)
        assert "attendees" not in event
    sent = str([call.body for call in google.log])
    assert not any(word in sent for word in ("CANARY", "Asha", "Bose", "ardiolog"))
    assert all(call.query["sendUpdates"] == "none" for call in google.calls("events.insert"))


def test_a_cancelled_visit_leaves_both_calendars(connect, sync, google, asha, bose):
    connect(asha), connect(bose)
    visit = make.appointment(asha, doctor=bose)
    sync()
    services.cancel_as_patient(visit.id, patient=asha)
    sync()
    assert google.events(asha.user.email) == google.events(bose.user.email) == []


def test_a_moved_visit_moves_and_stays_one_event(connect, sync, google, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    (before,) = google.events(asha.user.email)
    move(visit, by=timedelta(hours=1))
    sync()
    (after,) = google.events(asha.user.email)
    assert after["id"] == before["id"]
    assert after["start"]["dateTime"] > before["start"]["dateTime"]


@pytest.mark.parametrize("status", ["fulfilled", "noshow"])
def test_a_visit_that_is_over_stays(connect, sync, google, asha, bose, status):
    connect(asha)
    make.appointment(asha, doctor=bose, status=status)
    sync()
    assert len(google.events(asha.user.email)) == 1


def test_nobody_connected_means_no_message(google, asha, bose):
    make.appointment(asha, doctor=bose)
    assert messages() == []


def test_without_google_nothing_is_promised_even_to_who_is_connected(connect, app, monkeypatch, asha, bose):
    connect(asha)
    before = len(messages())
    monkeypatch.setitem(app.config, "GOOGLE_CLIENT_ID", "")
    make.appointment(asha, doctor=bose)
    assert len(messages()) == before


def test_only_who_is_connected_gets_a_message_and_only_one(connect, asha, bose):
    connection = connect(asha)
    visit = make.appointment(asha, doctor=bose)
    with transaction():
        mirroring.appointment_changed(visit)
    told = [m.payload for m in messages() if m.subject_id == visit.id]
    assert told == [{"type": "GOOGLE_EVENT", "connection": str(connection.id), "appointment": str(visit.id)}]


def test_a_booking_that_is_undone_promises_nothing(connect, asha, bose):
    connect(asha)
    before = len(messages())
    with pytest.raises(RuntimeError, match="undone"), transaction():
        make.appointment(asha, doctor=bose)
        raise RuntimeError("undone")
    assert len(messages()) == before


def test_booking_asks_the_database_no_more_often_with_google(connect, signed_in, asha, bose):
    connect(asha), connect(bose)
    slot, browser = make.slot(bose), signed_in(asha)
    path = f"/patient/slots/{slot.id}/book"
    form = browser.get(path).page.find_form(path)
    with browser.statements() as seen:
        assert browser.post(path, data=form.values).status_code == 303
    assert len(seen) <= 4
    assert len(messages()) == 4  # two for the connections, two for the booking


def test_messages_that_come_in_reverse_leave_the_last_state(connect, sync, google, asha, bose):
    connect(asha)
    sync()
    visit = make.appointment(asha, doctor=bose)
    move(visit, by=timedelta(hours=1))
    services.cancel_as_patient(visit.id, patient=asha)
    sync()  # the newest goes first
    assert google.calls("events.insert") == []
    assert google.events(asha.user.email) == []


def test_the_same_message_again_asks_google_nothing(connect, sync, google, asha, bose):
    connection = connect(asha)
    visit = make.appointment(asha, doctor=bose)
    sync()
    asked = len(google.log)
    with transaction():
        for number in range(5):
            payload = {"type": "GOOGLE_EVENT", "connection": str(connection.id), "appointment": str(visit.id)}
            outbox.enqueue(mirroring.KIND, payload, dedup_key=f"again {number}")
    sync()
    assert len(google.log) == asked


def test_a_change_while_google_is_being_told_is_told_too(connect, sync, google, monkeypatch, asha, bose):
    connect(asha)
    visit = make.appointment(asha, doctor=bose)
    tell, moved = matching._put, []

    def tell_and_be_overtaken(calendar, plan):
        done = tell(calendar, plan)
        if not moved:
            moved.append(move(visit, by=timedelta(hours=2)))
            db.session.execute(db.delete(OutboxMessage).where(OutboxMessage.dedup_key.contains(f"{visit.id}:2")))
            db.session.commit()
        return done

    monkeypatch.setattr(matching, "_put", tell_and_be_overtaken)
    sync()
    (event,) = google.events(asha.user.email)
    assert event["start"]["dateTime"] == "2026-11-25T11:00:00+00:00"
    assert stored(visit, asha).synced_version == 2


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


def test_another_account_gets_everything_and_the_first_one_nothing_more(connect, sync, google, asha, bose):
    connect(asha)
    make.appointment(asha, doctor=bose)
    sync()
    google.add_account("other@example.test")
    connections.connect(
        asha.user, Grant("other", "other@example.test", " ".join(SCOPES), google.grant("other@example.test"), "x")
    )
    make.appointment(asha, doctor=bose)
    sync()
    assert len(google.events("other@example.test")) == 2
    assert len(google.events(asha.user.email)) == 1


def test_what_was_given_up_in_a_long_outage_is_repaired(connect, sync, google, asha, bose):
    connect(asha)
    sync()
    google.fail("503", on="events.*", times=None)
    visit = make.appointment(asha, doctor=bose)
    sync()
    assert messages()[-1].status == "dead"
    google.heal()
    assert mirroring.repair() == 1
    sync()
    assert_equal(google, asha)
    assert stored(visit, asha).state == "there"
    assert mirroring.repair() == 0


def test_names_stand_in_events_only_where_the_clinic_wants_it(connect, sync, google, app, monkeypatch, asha, bose):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", True)
    connect(asha), connect(bose)
    make.appointment(asha, doctor=bose, reason="CANARY")
    sync()
    assert google.events(asha.user.email)[0]["summary"] == "Appointment with Dr Anil Bose at Northgate Hospital"
    assert google.events(bose.user.email)[0]["summary"] == "Appointment with Asha Rao at Northgate Hospital"
    assert "CANARY" not in str([call.body for call in google.log])


@pytest.fixture
def with_meet(app, monkeypatch):
    """The clinic wants a Meet for online visits."""
    monkeypatch.setitem(app.config, "GOOGLE_MEET", True)


def online_visit(asha, bose) -> Appointment:
    """An online visit to come."""
    slot = make.slot(bose)
    with transaction():
        slot.mode = "online"
    return make.appointment(asha, slot=slot)


def test_an_online_visit_gets_one_meet_in_the_doctors_calendar_and_both_find_it(
    with_meet, connect, sync, google, signed_in, asha, bose
):
    connect(asha), connect(bose)
    visit = online_visit(asha, bose)
    sync()
    address = stored(visit, bose).meet_url
    assert address == google.events(bose.user.email)[0]["hangoutLink"]
    assert "hangoutLink" not in google.events(asha.user.email)[0]
    for who, path in ((asha, "patient"), (bose, "doctor")):
        assert f'href="{address}"' in signed_in(who).get(f"/{path}/appointments/{visit.id}").text
    move(visit, by=timedelta(hours=1))
    sync()
    assert google.events(bose.user.email)[0]["hangoutLink"] == address


def test_an_event_that_is_made_again_gets_a_meet_again(with_meet, connect, sync, google, asha, bose):
    connect(bose)
    visit = online_visit(asha, bose)
    sync()
    first = stored(visit, bose).meet_url
    google.remove_event(bose.user.email, *ids(google, bose))
    move(visit, by=timedelta(hours=1))
    sync()
    assert stored(visit, bose).meet_url == google.events(bose.user.email)[0]["hangoutLink"] != first


def test_a_meet_that_google_has_not_made_yet_is_asked_for_again(
    with_meet, connect, sync, google, monkeypatch, asha, bose
):
    connect(bose)
    visit = online_visit(asha, bose)
    pending = [True, True]
    monkeypatch.setattr(
        google_events, "meet_url_in", lambda event: None if pending and pending.pop() else event.get("hangoutLink")
    )
    sync()
    assert stored(visit, bose).meet_url == google.events(bose.user.email)[0]["hangoutLink"]
    assert (
        len({str(call.body.get("conferenceData")) for call in google.log if isinstance(call.body, dict)} - {"None"})
        == 1
    )


@pytest.mark.parametrize("wanted", [True, False])
def test_a_visit_in_person_and_a_clinic_that_does_not_want_it_get_none(
    connect, sync, google, app, monkeypatch, asha, bose, wanted
):
    monkeypatch.setitem(app.config, "GOOGLE_MEET", wanted)
    connect(bose)
    make.appointment(asha, doctor=bose) if wanted else online_visit(asha, bose)
    sync()
    assert "hangoutLink" not in google.events(bose.user.email)[0]


def ids(google, who) -> list[str]:
    """The ids of the events in somebody's calendar."""
    return [event["id"] for event in google.events(who.user.email)]


def spans(google, who) -> list[tuple[datetime, datetime]]:
    """From when to when the events in somebody's calendar last."""
    return sorted(span_of(event) for event in google.events(who.user.email))


def assert_equal(google, *people) -> None:
    """I7: the events in each calendar are the live appointments, no more, no fewer, at their times."""
    for who in people:
        own = Appointment.patient_id == who.id if isinstance(who, Patient) else Appointment.doctor_id == who.id
        live = db.session.scalars(
            db.select(Appointment)
            .where(own, Appointment.status != "cancelled")
            .execution_options(populate_existing=True)
        )
        assert spans(google, who) == sorted((visit.starts_at, visit.ends_at) for visit in live)
