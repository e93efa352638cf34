"""The private feed: read by programs without a session, by nobody without its address."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from hms.auth import passwords
from hms.auth import services as auth
from hms.calendar import ics, queries
from hms.calendar.models import CalendarFeed
from hms.calendar.services import feeds
from hms.db import db, transaction
from hms.scheduling import services
from tests import make


def read(client, token: str, **headers):
    """Fetch the feed as a calendar program does."""
    return client.get(f"/calendar/feed/{token}.ics", headers=headers)


def events(answer) -> list:
    """The events of a feed."""
    return list(Calendar.from_ical(answer.data).walk("VEVENT"))


def test_a_feed_holds_the_appointments_of_its_owner_and_nobody_elses(client, asha, chen, bose):
    visit = make.appointment(asha, doctor=bose, reason="CANARY chest pain")
    make.appointment(chen, doctor=bose)
    answer = read(client, make.feed(asha.user))
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    (event,) = events(answer)
    assert event["uid"] == f"{visit.id}@localhost"
    assert event.decoded("dtstart") == visit.starts_at
    assert event["dtstart"].to_ical().endswith(b"Z")
    assert event["status"] == "CONFIRMED"
    assert event["class"] == "PRIVATE"
    assert event["url"] == f"http://localhost/patient/appointments/{visit.id}"
    for word in ("CANARY", "ardiolog", "Bose", "Asha", "Chen"):
        assert word not in answer.text


def test_a_doctors_feed_leads_to_the_doctors_pages_and_names_no_patient(client, asha, bose):
    visit = make.appointment(asha, doctor=bose)
    (event,) = events(read(client, make.feed(bose.user)))
    assert event["url"] == f"http://localhost/doctor/appointments/{visit.id}"
    assert "Asha" not in str(event.to_ical())


@pytest.mark.parametrize(("tells_more", "place"), [(False, ""), (True, "Heart Centre, ")])
def test_a_room_that_tells_the_kind_of_doctor_is_in_it_only_where_the_clinic_wants_that(
    client, app, monkeypatch, asha, bose, tells_more, place
):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", tells_more)
    with transaction():
        bose.room = "Heart Centre"
    make.appointment(asha, doctor=bose)
    assert events(read(client, make.feed(asha.user)))[0]["location"] == f"{place}Northgate Hospital"


def test_names_are_in_it_where_the_clinic_wants_that(client, app, monkeypatch, asha, bose):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", True)
    make.appointment(asha, doctor=bose)
    assert "Dr Anil Bose" in events(read(client, make.feed(asha.user)))[0]["description"]
    assert "Asha Rao" in events(read(client, make.feed(bose.user)))[0]["description"]


def test_a_time_in_summer_is_the_right_moment(client, steady_clock, asha, bose):
    steady_clock.set(datetime(2027, 6, 20, tzinfo=UTC))
    starts_at = datetime(2027, 7, 1, 8, 0, tzinfo=UTC)  # 09:00 on the wall in London
    make.appointment(asha, doctor=bose, slot=make.slot(bose, starts_at=starts_at))
    assert events(read(client, make.feed(asha.user)))[0].decoded("dtstart") == starts_at


def test_a_cancelled_visit_leaves_it_at_once_and_one_that_is_over_after_a_month(client, steady_clock, asha, bose):
    cancelled, visit = make.appointment(asha, doctor=bose), make.appointment(asha, doctor=bose)
    token = make.feed(asha.user)
    services.cancel_as_patient(cancelled.id, patient=asha)
    assert [event["uid"] for event in events(read(client, token))] == [f"{visit.id}@localhost"]
    steady_clock.set(visit.ends_at + timedelta(days=29))
    assert len(events(read(client, token))) == 1
    steady_clock.set(visit.ends_at + timedelta(days=31))
    assert events(read(client, token)) == []


def test_it_is_sent_again_only_when_something_has_changed(client, steady_clock, asha, bose):
    visit = make.appointment(asha, doctor=bose)
    token = make.feed(asha.user)
    first = read(client, token)
    steady_clock.advance(hours=5)
    again = read(client, token, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    services.cancel_as_patient(visit.id, patient=asha)
    changed = read(client, token, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_nothing_of_it_is_kept_for_others_and_no_cookie_is_set(client, asha, bose):
    answer = read(client, make.feed(asha.user))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_program_may_ask_for_the_head_alone_and_change_nothing(client, asha, bose):
    make.appointment(asha, doctor=bose)
    path = f"/calendar/feed/{make.feed(asha.user)}.ics"
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert {client.open(path, method=method).status_code for method in ("POST", "PUT", "PATCH", "DELETE")} == {405}


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 500, "'; --", "é"])
def test_a_token_that_is_nobodys_finds_nothing(client, session, token):
    assert read(client, token).status_code == 404


def test_resetting_ends_the_old_address(client, asha):
    old = make.feed(asha.user)
    new = make.feed(asha.user)
    assert old != new
    assert (read(client, old).status_code, read(client, new).status_code) == (404, 200)


def test_a_closed_account_has_no_feed(client, asha):
    token = make.feed(asha.user)
    auth.deactivate(asha.user.email)
    assert read(client, token).status_code == 404


def test_an_account_whose_email_nobody_has_proved_has_no_feed_of_earlier_days_either(client, asha):
    token = make.feed(asha.user)
    with transaction():
        asha.user.email_verified_at = None
    assert read(client, token).status_code == 404


def test_only_the_hash_of_256_random_bits_is_stored(asha, session):
    token = make.feed(asha.user)
    assert len(token) == 43
    stored = db.session.scalars(db.select(CalendarFeed.token_hash)).one()
    assert len(stored) == 32
    assert token.encode() not in stored


def test_two_people_never_share_an_address(asha, chen):
    assert len({make.feed(who.user) for who in (asha, chen) for _ in range(20)}) == 40


def test_it_asks_the_database_twice_however_many_visits_there_are(client, asha, bose):
    token = make.feed(asha.user)
    for _ in range(4):
        make.appointment(asha, doctor=bose)
        with client.statements() as seen:
            read(client, token)
        assert len(seen) == 2


def test_what_has_not_changed_is_one_statement_and_not_put_together_again(client, monkeypatch, asha, bose):
    for _ in range(3):
        make.appointment(asha, doctor=bose)
    token = make.feed(asha.user)
    first = read(client, token)
    monkeypatch.setattr(ics, "feed", lambda *_: pytest.fail("the feed was put together"))
    for headers, status in (({"If-None-Match": first.headers["ETag"]}, 304), ({}, 200)):
        with client.statements() as seen:
            answer = read(client, token, **headers)
        assert (answer.status_code, answer.headers["ETag"]) == (status, first.headers["ETag"])
        assert answer.data == (first.data if status == 200 else b"")
        assert len(seen) == 1


def _mark_as_arrived(visit, steady_clock):
    steady_clock.set(visit.starts_at)
    services.mark_arrived(visit.id, doctor=visit.doctor)


def _move_the_room(visit, _clock):
    with transaction():
        visit.doctor.room = "Heart Centre, level 9"


def _rename_the_doctor(visit, _clock):
    with transaction():
        visit.doctor.user.full_name = "Dr Anil Bose-Lang"


def _switch_reminders_off(visit, _clock):
    with transaction():
        visit.patient.wants_reminders = False


@pytest.mark.parametrize("change", [_mark_as_arrived, _move_the_room, _rename_the_doctor, _switch_reminders_off])
def test_whatever_the_feed_tells_changes_its_mark(client, app, monkeypatch, steady_clock, asha, bose, change):
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", True)
    visit = make.appointment(asha, doctor=bose)
    token = make.feed(asha.user)
    first = read(client, token)
    change(visit, steady_clock)
    again = read(client, token, **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.data != first.data


def test_other_settings_are_another_mark(client, app, monkeypatch, asha, bose):
    make.appointment(asha, doctor=bose)
    token = make.feed(asha.user)
    first = read(client, token)
    monkeypatch.setitem(app.config, "CALENDAR_DETAILS", True)
    again = read(client, token, **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.data != first.data


def test_its_size_is_bounded(client, monkeypatch, asha, bose):
    monkeypatch.setattr(queries, "MAX_IN_A_FEED", 2)
    for _ in range(3):
        make.appointment(asha, doctor=bose)
    assert len(events(read(client, make.feed(asha.user)))) == 2


def new_address(browser, *, password=make.PASSWORD, status=200):
    """Press the button on the page."""
    return browser.submit("calendar.make_feed", {"password": password}, on="/calendar/status", status=status)


def test_the_address_is_shown_once_and_works(signed_in, new_client, asha, bose):
    make.appointment(asha, doctor=bose)
    browser = signed_in(asha)
    shown = new_address(browser).text
    token = shown.partition("/calendar/feed/")[2].partition(".ics")[0]
    assert len(events(read(new_client(), token))) == 1
    assert browser.get("/calendar/feed").headers["Location"] == "/calendar/status#feed"
    later = browser.get("/calendar/status").text
    assert "/calendar/feed/" not in later
    assert "Make a new address" in later


def test_nobody_makes_an_address_without_the_password(signed_in, asha):
    browser = signed_in(asha)
    for password in ("", "not the password at all"):
        page = new_address(browser, password=password, status=422).page
        assert page.title.startswith("Error: ")
    assert db.session.scalars(db.select(CalendarFeed)).all() == []


def test_the_address_is_kept_nowhere(signed_in, asha, session):
    browser = signed_in(asha)
    token = new_address(browser).text.partition("/calendar/feed/")[2].partition(".ics")[0]
    assert len(token) == 43
    assert token not in str(session.execute(db.text("SELECT s::text, f::text FROM sessions s, calendar_feeds f")).all())


def test_the_owner_is_told_by_mail_with_growing_pauses(signed_in, asha, postbox, steady_clock):
    postbox.deliver()
    browser = signed_in(asha)
    new_address(browser)
    letter = postbox.only()
    assert (letter.type, letter.data["what"]) == ("ACCESS_GRANTED", "feed")
    assert "A private calendar address was created" in letter.text
    new_address(browser)
    assert postbox.deliver() == []
    steady_clock.advance(minutes=1)
    new_address(browser)
    assert len(postbox.deliver()) == 1


def test_a_password_that_was_reset_meanwhile_makes_no_address(asha, session):
    proved_hash = auth.prove_password(asha.user, make.PASSWORD)
    with transaction():
        asha.user.password_hash = passwords.store("another-passphrase-for-tests")
    with pytest.raises(auth.WrongPassword):
        feeds.make_feed(asha.user, proved_hash=proved_hash)
    assert db.session.scalars(db.select(CalendarFeed)).all() == []


def test_who_is_not_signed_in_makes_no_feed(client, session):
    answer = client.post("/calendar/feed", data={"csrf_token": client.csrf_token()})
    assert answer.status_code == 302
    assert db.session.scalars(db.select(CalendarFeed)).all() == []
