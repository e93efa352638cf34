"""The stand-in's faults strike as asked, and its log tells of every request."""

import pytest
import requests

from tests.standins.asking import ASHA, EVENT, access, send
from tests.standins.google.faults import FAULTS
from tests.waiting import wait_until


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"cut"}))
def test_a_fault_strikes_as_often_as_asked_and_nothing_is_done_meanwhile(google, fault):
    token = access(google)
    google.fail(fault, on="events.insert", times=2)
    expected = FAULTS[fault]()
    for _ in range(2):
        answer = send(google, "POST", "calendars/primary/events", EVENT, token=token)
        assert (answer.status_code, len(answer.content)) == (expected.status, len(expected.body))
    assert google.events(ASHA) == []
    assert send(google, "POST", "calendars/primary/events", EVENT, token=token).status_code == 200


@pytest.mark.parametrize(("fault", "there"), [("lost", 1), ("cut", 0)])
def test_a_connection_breaks_after_or_before_the_thing_is_done(google, fault, there):
    token = access(google)
    google.fail(fault, on="events.*")
    with pytest.raises(requests.ConnectionError):
        send(google, "POST", "calendars/primary/events", EVENT, token=token)
    assert len(google.events(ASHA)) == there


def test_a_slow_answer_comes_after_it_was_done(google):
    token = access(google)
    google.fail("slow", on="events.insert", seconds=30)
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{google.url}/calendar/v3/calendars/primary/events",
            json=EVENT,
            headers={"Authorization": f"Bearer {token}"},
            timeout=0.3,
        )
    wait_until(lambda: len(google.events(ASHA)) == 1, what="it is done")


def test_a_fault_that_is_not_known_is_a_mistake_of_the_test(google):
    with pytest.raises(AssertionError, match="is no fault"):
        google.fail("404-typo")


def test_every_request_is_noted_with_what_became_of_it(google):
    token = access(google)
    google.fail("503", on="events.insert")
    for _ in range(2):
        send(google, "POST", "calendars/primary/events?sendUpdates=none", EVENT, token=token)
    first, second = google.calls("events.insert")
    assert (first.status, first.fault, second.status, second.fault) == (503, "503", 200, None)
    assert (second.email, second.query, second.body["id"]) == (ASHA, {"sendUpdates": "none"}, EVENT["id"])
