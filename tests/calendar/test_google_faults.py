"""When Google is busy, broken, away or says no: what is tried again, what stops, and what the user reads."""

import re
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from hms import clock, outbox
from hms.calendar.google import http
from hms.calendar.google.errors import Later
from hms.calendar.google.events import event_id
from hms.calendar.models import CalendarConnection
from hms.calendar.services import tokens
from hms.db import db
from hms.outbox import OutboxMessage
from hms.scheduling import services
from tests import make
from tests.calendar.mirror import assert_equal, messages, move, spans
from tests.fixtures.time import START

PASS = ["403-rate", "403-user-rate", "403-quota", "412", "429", "500", "502", "503", "504"]
PASS += ["html", "garbage", "empty", "huge", "redirect", "cut", "lost", "401"]
STOP = ["403-forbidden", "403-scopes"]


def connection_of(who) -> CalendarConnection:
    """How the connection stands."""
    return db.session.scalars(
        db.select(CalendarConnection).filter_by(user_id=who.user.id).execution_options(populate_existing=True)
    ).one()


def try_once() -> OutboxMessage:
    """Try what is due, once; the last message as it stands then."""
    outbox.deliver_due()
    return messages()[-1]


@pytest.fixture
def connected(connect, sync, asha):
    """Asha, with an empty calendar that is up to date."""
    connect(asha)
    sync()
    return asha


@pytest.mark.parametrize("fault", PASS)
@pytest.mark.parametrize("act", ["insert", "patch", "delete"])
def test_what_passes_is_tried_again_and_ends_right(connected, sync, google, bose, act, fault):
    visit = make.appointment(connected, doctor=bose)
    if act != "insert":
        sync()
    if act == "patch":
        move(visit, by=timedelta(hours=1))
    if act == "delete":
        services.cancel_as_patient(visit.id, patient=connected)
    google.fail(fault, on=f"events.{act}")
    message = try_once()
    if fault != "401":  # a new token is fetched at once
        assert message.status == "pending"
        assert connection_of(connected).last_error == message.last_error
        assert "Google" in message.last_error
    sync()
    assert_equal(google, connected)
    assert messages()[-1].status == "sent"
    assert connection_of(connected).last_error is None
    assert connection_of(connected).last_synced_at is not None


@pytest.mark.parametrize("fault", STOP)
def test_a_missing_permission_stops_at_once_and_is_said_in_plain_words(connected, google, bose, fault):
    google.fail(fault, on="events.*", times=None)
    make.appointment(connected, doctor=bose)
    message = try_once()
    assert message.status == "dead"
    assert connection_of(connected).last_error == (
        "Google doesn’t let us do this. Disconnect, then connect again and leave every box ticked."
    )
    assert connection_of(connected).status == "connected"


def test_an_account_without_a_calendar_is_told_so(connected, google, bose):
    google.fail("404", on="events.insert")
    make.appointment(connected, doctor=bose)
    assert try_once().status == "dead"
    assert connection_of(connected).last_error == "This Google account has no calendar."


def test_google_is_left_alone_for_as_long_as_it_asks(connected, google, bose):
    google.fail("429", on="events.insert")  # Retry-After: 3600
    make.appointment(connected, doctor=bose)
    assert try_once().due_at - clock.now() > timedelta(minutes=59)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("999999999999", 7200),
        ("Mon, 23 Nov 2026 08:10:00 GMT", 600),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_moment_and_never_more_than_two_hours(app, freeze, value, seconds):
    freeze(START)
    wait = http.wait_named_in({"retry-after": value})
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_an_insert_whose_answer_was_lost_is_one_event(connected, sync, google, bose):
    google.fail("lost", on="events.insert")
    make.appointment(connected, doctor=bose)
    sync()
    assert len(spans(google, connected)) == 1
    assert [call.status for call in google.calls("events.insert")] == [200, 409]


def test_a_redirect_is_not_followed(connected, google, bose):
    google.fail("redirect", on="events.insert")
    make.appointment(connected, doctor=bose)
    try_once()
    assert google.calls("unknown") == []


def test_access_is_asked_for_once_and_then_remembered(connected, sync, google, bose):
    for _ in range(3):
        make.appointment(connected, doctor=bose)
    sync()
    assert len(google.calls("token.refresh_token")) == 1


def test_a_token_that_ends_early_is_replaced_in_the_same_try(connected, sync, google, bose):
    make.appointment(connected, doctor=bose)
    sync()
    google.expire_access_tokens()
    make.appointment(connected, doctor=bose)
    assert try_once().status == "sent"
    assert len(google.calls("token.refresh_token")) == 2


def test_a_fresh_token_that_is_refused_three_times_over_counts_as_disconnected(connected, sync, google, bose):
    google.fail("401", on="events.*", times=None)
    make.appointment(connected, doctor=bose)
    assert try_once().status == "pending"
    assert connection_of(connected).status == "connected"
    sync()
    assert connection_of(connected).status == "broken"
    assert len(mails()) == 1


@pytest.mark.parametrize(
    "fault", ["500", "503", "html", "garbage", "empty", "huge", "redirect", "cut", "invalid_client"]
)
def test_trouble_with_tokens_is_not_the_end_of_the_connection(connected, sync, google, bose, fault):
    google.fail(fault, on="token.*")
    make.appointment(connected, doctor=bose)
    assert try_once().status == "pending"
    assert connection_of(connected).status == "connected"
    sync()
    assert_equal(google, connected)


def test_a_revoked_permission_is_noted_once_mailed_once_and_repaired_by_connecting_again(
    connected, connect, sync, google, bose
):
    make.appointment(connected, doctor=bose)
    sync()
    google.revoke_grant(connected.user.email)
    visits = [make.appointment(connected, doctor=bose) for _ in range(3)]
    sync()
    assert connection_of(connected).status == "broken"
    assert {message.status for message in messages()[-3:]} == {"dropped"}
    assert len(mails()) == 1
    visits.append(make.appointment(connected, doctor=bose))
    services.cancel_as_patient(visits[0].id, patient=connected)
    sync()
    assert len(spans(google, connected)) == 1
    assert len(mails()) == 1

    connect(connected)
    sync()
    assert len(spans(google, connected)) == 4
    assert_equal(google, connected)


def test_a_sealed_token_that_no_key_opens_stops_and_says_so(connected, app, monkeypatch, bose):
    monkeypatch.setitem(app.config, "ENCRYPTION_KEYS", [Fernet.generate_key()])
    monkeypatch.setattr(tokens, "_kept", {})
    make.appointment(connected, doctor=bose)
    assert try_once().status == "dead"
    assert "can’t read the permission" in connection_of(connected).last_error


def mails() -> list[OutboxMessage]:
    """The mails that say that the calendar has stopped."""
    emails = db.session.scalars(db.select(OutboxMessage).filter_by(kind="email"))
    return [mail for mail in emails if mail.payload["type"] == "CALENDAR_DISCONNECTED"]


def test_no_token_stands_in_any_message_or_error(connected, sync, google, bose):
    for fault in ("500", "invalid_client", "garbage"):
        google.fail(fault, on="token.*")
    google.fail("403-scopes", on="events.*", times=None)
    make.appointment(connected, doctor=bose)
    sync()
    told = str([(message.payload, message.last_error) for message in messages()]) + str(connection_of(connected))
    assert "ya29" not in told
    assert "1//0" not in told


def test_an_answer_that_is_lost_is_not_asked_for_again_in_the_same_try(connected, google, bose):
    """httplib2 would send the POST a second time, without saying so."""
    google.fail("cut", on="events.insert")
    make.appointment(connected, doctor=bose)
    assert try_once().status == "pending"
    assert len(google.calls("events.insert")) == 1


def test_after_a_time_out_google_is_left_alone_for_a_while_so_that_mail_does_not_wait(
    connected, sync, google, monkeypatch, bose
):
    monkeypatch.setattr(http, "READ_SECONDS", 0.3)
    google.fail("slow", on="events.insert", seconds=1)
    for _ in range(3):
        make.appointment(connected, doctor=bose)
    try_once()
    assert len(google.calls("events.insert")) == 1
    monkeypatch.setattr(http._rest, "until", 0.0)
    sync()
    assert_equal(google, connected)


def test_an_answer_that_trickles_in_is_given_up(app, google, monkeypatch):
    monkeypatch.setattr(http, "WHOLE_SECONDS", -1.0)
    with closing(http.new_session()) as session, pytest.raises(Later):
        http.ask(session, "GET", f"{google.url}/nowhere")


@pytest.mark.parametrize("generation", [1, 2, 10])
def test_an_events_id_is_what_google_takes_and_the_same_every_time(generation):
    appointment_id, user_id = UUID(int=1), UUID(int=2)
    made = event_id(appointment_id, user_id=user_id, generation=generation)
    assert re.fullmatch("[a-v0-9]{52}", made)
    assert made == event_id(appointment_id, user_id=user_id, generation=generation)
    assert made != event_id(user_id, user_id=appointment_id, generation=generation)
    assert made != event_id(appointment_id, user_id=user_id, generation=generation + 1)
