"""The stand-in is worth something only if it refuses what Google's API would refuse: each wrong request, one by one."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.standins.asking import ASHA, EVENT, NINE, access, insert, reason, send
from tests.standins.google import EVENTS, FREE_BUSY, Google
from tests.standins.google.discovery import routes

# -- the API's rules -------------------------------------------------------------------------------------------------


def test_the_rules_are_those_of_the_discovery_document():
    assert len(routes()) > 30
    assert {"events.insert", "events.patch", "freebusy.query", "acl.list"} <= {route.name for route in routes()}


def test_a_good_event_is_taken_and_can_be_read(google):
    made = insert(google)
    assert made.status_code == 200
    read = send(google, "GET", "calendars/primary/events/abcde12345")
    assert read.json() == made.json()
    assert google.events(ASHA) == [made.json()]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "calendars/primary/event"),
        ("POST", "calendars/primary/events/abcde12345"),
        ("PATCH", "calendars/primary/events"),
        ("GET", "freeBusy"),
        ("POST", "freebusy"),
        ("GET", "nothing/of/the/kind"),
        ("PUT", "calendars/primary/events/a/b"),
    ],
)
def test_a_route_that_the_api_has_not_is_not_found(google, verb, path):
    assert send(google, verb, path, {} if verb != "GET" else None).status_code == 404


def test_a_route_that_the_stand_in_does_not_play_says_so(google):
    scope = frozenset({"https://www.googleapis.com/auth/calendar"})
    assert send(google, "GET", "calendars/primary/acl", token=access(google, scope)).status_code == 501


@pytest.mark.parametrize(
    "query",
    [
        "sendUpdate=none",
        "sendUpdates=nobody",
        "sendNotifications=yes",
        "conferenceDataVersion=2",
        "conferenceDataVersion=one",
        "maxAttendees=0",
        "calendarId=other",
        "conferenceDataVersion=1&conferenceDataVersion=1",
        "alt=media",
    ],
)
def test_a_parameter_that_the_method_has_not_or_another_value_is_refused(google, query):
    assert send(google, "POST", f"calendars/primary/events?{query}", EVENT).status_code == 400
    assert google.events(ASHA) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sumary": "x"},
        {"summary": 1},
        {"start": ...},
        {"end": ...},
        {"start": None},
        {"start": "2026-11-26T09:00:00Z"},
        {"start": {"datetime": "2026-11-26T09:00:00Z"}},
        {"start": {"dateTime": "2026-11-26 09:00"}},
        {"start": {"dateTime": "2026-11-31T09:00:00Z"}},
        {"start": {"dateTime": "2026-11-26T09:00:00"}},
        {"start": {"dateTime": "2026-11-26T09:00:00Z", "timeZone": "London"}},
        {"start": {"dateTime": "2026-11-26T09:00:00Z", "date": "2026-11-26"}},
        {"start": {"date": "2026-11-26"}},
        {"start": {"date": "2026-11-26T09"}, "end": {"date": "2026-11-27"}},
        {"start": {"timeZone": "Europe/London"}},
        {"end": {"dateTime": "2026-11-26T09:00:00Z"}},
        {"end": {"dateTime": "2026-11-26T08:00:00Z"}},
        {"visibility": "secret"},
        {"transparency": "busy"},
        {"status": "booked"},
        {"id": "abc"},
        {"id": "ABCDE12345"},
        {"id": "abcdez"},
        {"id": "abcd-1234"},
        {"id": "a" * 1025},
        {"extendedProperties": {"secret": {}}},
        {"extendedProperties": {"private": {"n": 1}}},
        {"extendedProperties": {"private": {"n" * 45: "x"}}},
        {"extendedProperties": {"private": {"n": "x" * 1025}}},
        {"reminders": {"useDefault": True, "overrides": [{"method": "popup", "minutes": 5}]}},
        {"reminders": {"useDefault": False, "overrides": [{"method": "sms", "minutes": 5}]}},
        {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 50000}]}},
        {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}] * 6}},
        {"attendees": "asha@gmail.test"},
        {"attendees": [{"mail": "asha@gmail.test"}]},
        {"guestsCanModify": "false"},
        {"sequence": True},
        {"sequence": "1"},
    ],
)
def test_a_body_that_the_schema_does_not_know_or_that_contradicts_itself_is_refused(google, changes):
    answer = insert(google, **changes)
    assert answer.status_code == 400, answer.text
    assert google.events(ASHA) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(google, body):
    assert send(google, "POST", "calendars/primary/events", body).status_code == 400


def test_a_body_that_does_not_say_that_it_is_json_is_refused(google):
    headers = {"Content-Type": "text/plain"}
    assert send(google, "POST", "calendars/primary/events", EVENT, **headers).status_code == 400


def test_a_body_where_none_belongs_is_refused(google):
    insert(google)
    assert send(google, "DELETE", "calendars/primary/events/abcde12345", {}).status_code == 400


def test_what_only_google_can_set_is_passed_over(google):
    made = insert(google, created="2020-01-01T00:00:00Z", htmlLink="https://evil.test", creator={"email": "x@y.test"})
    assert made.status_code == 200
    assert made.json()["creator"]["email"] == ASHA
    assert "evil" not in made.text


# -- tokens and scopes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "made-up"])
def test_without_a_good_token_nothing_is_done(google, token):
    assert send(google, "GET", "calendars/primary/events", token=token).status_code == 401


def test_a_token_in_the_address_does_not_count(google):
    assert send(google, "GET", f"calendars/primary/events?oauth_token={access(google)}", token=None).status_code == 401


def test_a_token_is_over_after_an_hour(google, clock):
    token = access(google)
    clock.at += timedelta(hours=1)
    assert send(google, "GET", "calendars/primary/events", token=token).status_code == 401


@pytest.mark.parametrize(
    ("scope", "verb", "path", "status"),
    [
        (EVENTS, "GET", "calendars/primary/events", 200),
        (FREE_BUSY, "GET", "calendars/primary/events", 403),
        (EVENTS, "POST", "freeBusy", 403),
        (FREE_BUSY, "POST", "freeBusy", 200),
        ("https://www.googleapis.com/auth/calendar.events.owned.readonly", "GET", "calendars/primary/events", 200),
        ("https://www.googleapis.com/auth/calendar.events.owned.readonly", "POST", "calendars/primary/events", 403),
    ],
)
def test_each_method_asks_for_its_own_scopes(google, scope, verb, path, status):
    body = {"timeMin": "2026-11-26T00:00:00Z", "timeMax": "2026-11-27T00:00:00Z", "items": [{"id": "primary"}]}
    data = None if verb == "GET" else body if path == "freeBusy" else EVENT
    answer = send(google, verb, path, data, token=access(google, frozenset({scope})))
    assert answer.status_code == status
    if status == 403:
        assert reason(answer) == "insufficientPermissions"


def test_somebody_elses_calendar_is_not_there(google):
    google.add_account("chen@gmail.test")
    assert send(google, "GET", "calendars/chen@gmail.test/events").status_code == 404
    assert send(google, "GET", f"calendars/{ASHA}/events").status_code == 200


# -- how events live -------------------------------------------------------------------------------------------------


def test_an_id_is_used_once_and_for_ever(google):
    insert(google)
    assert (insert(google).status_code, reason(insert(google))) == (409, "duplicate")
    assert send(google, "DELETE", "calendars/primary/events/abcde12345").status_code == 204
    assert insert(google).status_code == 409
    assert google.events(ASHA) == []


def test_a_deleted_event_is_gone_and_still_to_be_seen(google):
    insert(google)
    send(google, "DELETE", "calendars/primary/events/abcde12345")
    assert send(google, "DELETE", "calendars/primary/events/abcde12345").status_code == 410
    assert send(google, "GET", "calendars/primary/events/abcde12345").json()["status"] == "cancelled"
    assert (
        send(google, "PATCH", "calendars/primary/events/abcde12345", {"summary": "x"}).json()["status"] == "cancelled"
    )


def test_an_event_that_was_emptied_from_the_bin_is_not_found_and_its_id_stays_used(google):
    insert(google)
    google.remove_event(ASHA, "abcde12345", purge=True)
    assert send(google, "GET", "calendars/primary/events/abcde12345").status_code == 404
    assert send(google, "PATCH", "calendars/primary/events/abcde12345", {}).status_code == 404
    assert insert(google).status_code == 409


def test_what_never_was_is_not_found(google):
    for verb, body in (("GET", None), ("DELETE", None), ("PATCH", {}), ("PUT", EVENT)):
        assert send(google, verb, "calendars/primary/events/vvvvv", body).status_code == 404


def test_a_patch_merges_and_an_update_replaces(google):
    insert(google, location="Room 4")
    patched = send(google, "PATCH", "calendars/primary/events/abcde12345", {"summary": "Moved"}).json()
    assert (patched["summary"], patched["location"]) == ("Moved", "Room 4")
    assert "location" not in send(google, "PATCH", "calendars/primary/events/abcde12345", {"location": None}).json()
    body = {name: EVENT[name] for name in ("start", "end")}
    assert "summary" not in send(google, "PUT", "calendars/primary/events/abcde12345", body).json()
    assert send(google, "PUT", "calendars/primary/events/abcde12345", {"summary": "x"}).status_code == 400


def test_moving_an_event_counts_its_sequence_up_and_it_never_goes_back(google):
    insert(google)
    later = {"end": {"dateTime": "2026-11-26T09:40:00Z"}}
    assert send(google, "PATCH", "calendars/primary/events/abcde12345", later).json()["sequence"] == 1
    assert send(google, "PATCH", "calendars/primary/events/abcde12345", {"sequence": 0}).status_code == 400


def test_an_event_that_has_changed_meanwhile_is_not_written_over(google):
    old = insert(google).json()["etag"]
    google.change_event(ASHA, "abcde12345", summary="Mine")
    for verb, body in (("PATCH", {"summary": "x"}), ("PUT", EVENT), ("DELETE", None)):
        answer = send(google, verb, "calendars/primary/events/abcde12345", body, **{"If-Match": old})
        assert (answer.status_code, reason(answer)) == (412, "conditionNotMet")


def test_a_meeting_is_made_only_when_it_is_asked_for_rightly(google):
    wanted = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    assert "hangoutLink" not in insert(google, conferenceData=wanted).json()
    path = "calendars/primary/events/abcde12345?conferenceDataVersion=1"
    first = send(google, "PATCH", path, {"conferenceData": wanted}).json()["hangoutLink"]
    assert send(google, "PATCH", path, {"conferenceData": wanted}).json()["hangoutLink"] == first
    kept = send(google, "PATCH", "calendars/primary/events/abcde12345", {"summary": "x"}).json()
    assert kept["hangoutLink"] == first
    other = {"createRequest": {"requestId": "r2"}}
    assert send(google, "PATCH", path, {"conferenceData": other}).json()["hangoutLink"] != first
    assert send(google, "PATCH", path, {"conferenceData": {"createRequest": {}}}).status_code == 400
    assert "hangoutLink" not in send(google, "PATCH", path, {"conferenceData": None}).json()


def test_events_are_listed_by_what_was_asked(google):
    for number in range(5):
        start, end = NINE + timedelta(days=number), NINE + timedelta(days=number, minutes=20)
        google.add_event(ASHA, start, end, id=f"event{number}", extendedProperties={"private": {"n": str(number)}})
    google.remove_event(ASHA, "event4")

    def ids(**query: str) -> list[str]:
        return [e["id"] for e in send(google, "GET", f"calendars/primary/events?{urlencode(query)}").json()["items"]]

    assert ids() == ["event0", "event1", "event2", "event3"]
    assert ids(showDeleted="true")[-1] == "event4"
    assert ids(privateExtendedProperty="n=2") == ["event2"]
    assert ids(timeMin="2026-11-27T12:00:00Z", timeMax="2026-11-28T12:00:00Z") == ["event2"]
    page = send(google, "GET", "calendars/primary/events?maxResults=3").json()
    assert len(page["items"]) == 3
    assert ids(maxResults="3", pageToken=page["nextPageToken"]) == ["event3"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("orderBy=startTime", 400),
        ("orderBy=startTime&singleEvents=true", 200),
        ("timeMin=2026-11-26T00:00:00", 400),
        ("timeMin=tomorrow", 400),
        ("pageToken=made-up", 400),
        ("syncToken=old", 410),
        ("maxResults=0", 400),
    ],
)
def test_a_list_that_google_would_not_give_is_refused(google, query, status):
    assert send(google, "GET", f"calendars/primary/events?{query}").status_code == status


# -- free and busy ---------------------------------------------------------------------------------------------------


def ask_busy(google: Google, *, days: float = 1, items: Any = ({"id": "primary"},), **changes: Any):
    start = NINE.replace(hour=0)
    body = {"timeMin": start.isoformat(), "timeMax": (start + timedelta(days=days)).isoformat(), "items": list(items)}
    return send(google, "POST", "freeBusy", {k: v for k, v in (body | changes).items() if v is not ...})


def test_busy_times_are_merged_and_say_nothing_else(google):
    google.add_event(ASHA, NINE, NINE + timedelta(hours=1), summary="Therapy")
    google.add_event(ASHA, NINE + timedelta(minutes=30), NINE + timedelta(hours=2))
    google.add_event(ASHA, NINE + timedelta(hours=4), NINE + timedelta(hours=5), transparency="transparent")
    answer = ask_busy(google)
    assert answer.json()["calendars"]["primary"]["busy"] == [
        {"start": "2026-11-26T09:00:00Z", "end": "2026-11-26T11:00:00Z"}
    ]
    assert "Therapy" not in answer.text


def test_a_calendar_that_cannot_be_read_looks_empty_and_says_so_beside_that(google):
    told = ask_busy(google, items=[{"id": "chen@gmail.test"}]).json()["calendars"]["chen@gmail.test"]
    assert (told["busy"], told["errors"][0]["reason"]) == ([], "notFound")
    google.fail("free-busy-error", on="freebusy.query")
    assert ask_busy(google).json()["calendars"]["primary"]["errors"][0]["reason"] == "internalError"


@pytest.mark.parametrize(
    "changes",
    [
        {"timeMin": ...},
        {"timeMax": "2026-11-26T00:00:00Z"},
        {"timeMin": "2026-11-26"},
        {"timeMin": "2026-11-26T00:00:00"},
        {"items": "primary"},
        {"items": ["primary"]},
        {"calendars": []},
        {"days": 93},
    ],
)
def test_a_question_about_busy_times_that_google_would_not_answer_is_refused(google, changes):
    assert ask_busy(google, **changes).status_code == 400
