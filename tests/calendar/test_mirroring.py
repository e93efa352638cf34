"""What stands in Google Calendar is what stands here, whatever order and however often it is said."""

from datetime import timedelta

import pytest

from hms import outbox
from hms.calendar.google import events as google_events
from hms.calendar.services import matching, mirroring
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from hms.scheduling import services
from tests import make
from tests.calendar.mirror import assert_equal, messages, move, stored


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
    assert len(seen) <= 5  # one is the line of the audit log
    assert [message.payload["type"] for message in messages()[-2:]] == ["GOOGLE_EVENT"] * 2


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


@pytest.mark.parametrize(("tells_more", "place"), [(False, ""), (True, "Heart Centre, ")])
def test_a_room_that_tells_the_kind_of_doctor_stands_in_events_only_where_the_clinic_wants_it(
    connect, sync, google, app, monkeypatch, asha, bose, tells_more, place
):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", tells_more)
    with transaction():
        bose.room = "Heart Centre"
    connect(asha)
    make.appointment(asha, doctor=bose)
    sync()
    assert google.events(asha.user.email)[0]["location"] == f"{place}Northgate Hospital"


def test_names_stand_in_events_only_where_the_clinic_wants_it(connect, sync, google, app, monkeypatch, asha, bose):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", True)
    connect(asha), connect(bose)
    make.appointment(asha, doctor=bose, reason="CANARY")
    sync()
    assert google.events(asha.user.email)[0]["summary"] == "Appointment with Dr Anil Bose at Northgate Hospital"
    assert google.events(bose.user.email)[0]["summary"] == "Appointment with Asha Rao at Northgate Hospital"
    assert "CANARY" not in str([call.body for call in google.log])
