"""An online visit gets one Google Meet, and both people find it."""

from datetime import timedelta

import pytest

from hms.calendar.google import events as google_events
from hms.db import transaction
from hms.scheduling.models import Appointment
from tests import make
from tests.calendar.mirror import ids, move, stored


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
