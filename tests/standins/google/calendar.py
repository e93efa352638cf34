"""Events and free/busy: what the Calendar API does with a request that its schemas have let through."""

import copy
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.standins.google.accounts import Account
from tests.standins.google.rules import Event, check, span_of, stamp
from tests.standins.google.wire import Answer, Refused, as_json

ID = re.compile(r"[a-v0-9]{5,1024}")
LONGEST_FREE_BUSY = timedelta(days=92)


class Calendar:
    """The primary calendar of one account, as the API shows it to a client."""

    def __init__(self, account: Account, *, now: Callable[[], datetime], base: str) -> None:
        self.account, self.now, self.base = account, now, base

    def insert(self, query: Mapping[str, Any], body: Event, _: Mapping[str, str]) -> Answer:
        """A new event. An id that was ever used stays used, also when its event is deleted."""
        event = copy.deepcopy(body)
        event["id"] = event.get("id") or secrets.token_hex(13)
        if not ID.fullmatch(event["id"]):
            raise Refused(400, "invalid", "Invalid resource id value.")
        if event["id"] in self.account.events or event["id"] in self.account.purged:
            raise Refused(409, "duplicate", "The requested identifier already exists.")
        event = {"status": "confirmed", "sequence": 0, "reminders": {"useDefault": True}, **event}
        _meet(event, None, body, query)
        check(event)
        event |= {"created": self._stamp(), "iCalUID": event.get("iCalUID") or f"{event['id']}@google.com"}
        return self._keep(event)

    def get(self, query: Mapping[str, Any], body: Event, headers: Mapping[str, str]) -> Answer:
        """One event, also a deleted one."""
        event = self._event(query["eventId"])
        if headers.get("if-none-match") == event["etag"]:
            return Answer(304)
        return as_json(event, ETag=event["etag"])

    def patch(self, query: Mapping[str, Any], body: Event, headers: Mapping[str, str]) -> Answer:
        """Change some fields; null takes one away. A deleted event stays deleted unless ``status`` says otherwise."""
        before = self._event(query["eventId"])
        _unless_changed(before, headers)
        event = _merged(before, {name: value for name, value in body.items() if name != "conferenceData"})
        return self._change(before, event, body, query)

    def update(self, query: Mapping[str, Any], body: Event, headers: Mapping[str, str]) -> Answer:
        """Replace all fields that a client can set."""
        before = self._event(query["eventId"])
        _unless_changed(before, headers)
        kept = ("id", "created", "iCalUID", "hangoutLink", "conferenceData", "sequence", "status")
        event = {name: before[name] for name in kept if name in before} | copy.deepcopy(body)
        event["conferenceData"] = before.get("conferenceData")
        return self._change(before, event, body, query)

    def delete(self, query: Mapping[str, Any], body: Event, headers: Mapping[str, str]) -> Answer:
        """Delete an event; a second time it is gone."""
        event = self._event(query["eventId"])
        if event["status"] == "cancelled":
            raise Refused(410, "deleted", "Resource has been deleted")
        _unless_changed(event, headers)
        self._keep({**event, "status": "cancelled"})
        return Answer(204)

    def find(self, query: Mapping[str, Any], body: Event, _: Mapping[str, str]) -> Answer:
        """The events that fit, a page at a time."""
        if query.get("orderBy") == "startTime" and not query.get("singleEvents"):
            raise Refused(400, "badRequest", "The requested ordering is not available for the particular query.")
        if "syncToken" in query:
            raise Refused(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
        found = sorted((e for e in self.account.events.values() if _fits(e, query)), key=_key(query))
        first = _first(query.get("pageToken"))
        size = min(query.get("maxResults", 250), 2500)
        answer = {"kind": "calendar#events", "summary": self.account.email, "timeZone": "UTC", "accessRole": "owner"}
        answer |= {"updated": self._stamp(), "defaultReminders": [], "items": found[first : first + size]}  # type: ignore[dict-item]
        last = len(found) <= first + size
        return as_json(answer | ({"nextSyncToken": "s"} if last else {"nextPageToken": f"p{first + size}"}))

    def busy(self, starts_at: datetime, ends_at: datetime) -> list[dict[str, str]]:
        """When the calendar is busy between two moments: whatever made the event, merged, without saying why."""
        spans = sorted(span for e in self.account.events.values() if _is_busy(e) and (span := span_of(e)))
        merged: list[tuple[datetime, datetime]] = []
        for start, end in ((max(s, starts_at), min(e, ends_at)) for s, e in spans if s < ends_at and e > starts_at):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return [{"start": stamp(start), "end": stamp(end)} for start, end in merged]

    def _event(self, event_id: str) -> Event:
        if event_id not in self.account.events:
            raise Refused(404, "notFound", "Not Found")
        return self.account.events[event_id]

    def _change(self, before: Event, event: Event, body: Event, query: Mapping[str, Any]) -> Answer:
        if body.get("id", before["id"]) != before["id"]:
            raise Refused(400, "invalid", "The event's id cannot be changed.")
        _meet(event, before, body, query)
        check(event)
        if body.get("sequence", before["sequence"]) < before["sequence"]:
            raise Refused(
                400, "invalidSequence", "Invalid sequence value. The specified sequence number is below the current."
            )
        moved = any(event.get(name) != before.get(name) for name in ("start", "end"))
        event["sequence"] = max(event.get("sequence", 0), before["sequence"] + moved)
        return self._keep(event)

    def _keep(self, event: Event) -> Answer:
        """Store the event with what Google itself writes."""
        person = {"email": self.account.email, "self": True}
        event = {name: value for name, value in event.items() if value is not None}
        event |= {"kind": "calendar#event", "etag": f'"{secrets.randbits(50)}"', "updated": self._stamp()}
        event |= {"creator": person, "organizer": person, "htmlLink": f"{self.base}/calendar/event?eid={event['id']}"}
        event.setdefault("eventType", "default")
        self.account.events[event["id"]] = event
        return as_json(event, ETag=event["etag"])

    def _stamp(self) -> str:
        return stamp(self.now())


def free_busy(calendars: Mapping[str, Calendar], body: Mapping[str, Any], *, failing: bool) -> Answer:
    """The answer of ``freeBusy.query``: calendars that cannot be read look empty and say so beside that."""
    starts_at, ends_at = (_bound(body, name) for name in ("timeMin", "timeMax"))
    if ends_at <= starts_at:
        raise Refused(400, "timeRangeEmpty", "The specified time range is empty.")
    if ends_at - starts_at > LONGEST_FREE_BUSY:
        raise Refused(400, "timeRangeTooLong", "The requested time range is too long.")
    told: dict[str, Any] = {}
    for item in body.get("items") or ():
        reason = "internalError" if failing else "notFound" if item.get("id") not in calendars else None
        errors = {"errors": [{"domain": "global", "reason": reason}]} if reason else {}
        told[item.get("id")] = {**errors, "busy": [] if reason else calendars[item["id"]].busy(starts_at, ends_at)}
    return as_json(
        {"kind": "calendar#freeBusy", "timeMin": stamp(starts_at), "timeMax": stamp(ends_at), "calendars": told}
    )


def _bound(body: Mapping[str, Any], name: str) -> datetime:
    if not body.get(name):
        raise Refused(400, "required", f"Missing {name} parameter.")
    read = datetime.fromisoformat(body[name])
    if read.tzinfo is None:
        raise Refused(400, "badRequest", f"{name} needs an offset.")
    return read.astimezone(UTC)


def _merged(before: Mapping[str, Any], change: Mapping[str, Any]) -> Event:
    """What a patch makes of an event: objects are merged, lists and values replaced, null removes."""
    event = copy.deepcopy(dict(before))
    for name, value in change.items():
        if value is None:
            event.pop(name, None)
        elif isinstance(value, dict) and isinstance(event.get(name), dict):
            event[name] = _merged(event[name], value)
        else:
            event[name] = copy.deepcopy(value)
    return event


def _meet(event: Event, before: Event | None, body: Event, query: Mapping[str, Any]) -> None:
    """Conference data counts only with ``conferenceDataVersion=1``; one conference for each ``requestId``."""
    if query.get("conferenceDataVersion") != 1 or "conferenceData" not in body:
        event["conferenceData"] = (before or {}).get("conferenceData")
        return
    wanted = (body["conferenceData"] or {}).get("createRequest")
    if body["conferenceData"] is None:
        event["conferenceData"] = event["hangoutLink"] = None
        return
    if not wanted or not wanted.get("requestId"):
        raise Refused(400, "invalid", "Invalid conference data: give createRequest.requestId.")
    if (wanted.get("conferenceSolutionKey") or {}).get("type", "hangoutsMeet") != "hangoutsMeet":
        raise Refused(400, "invalid", "Invalid conference type value.")
    old = ((before or {}).get("conferenceData") or {}).get("createRequest", {})
    if before and old.get("requestId") == wanted["requestId"]:
        event["conferenceData"] = before["conferenceData"]
        return
    letters = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(10))
    name = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    event["hangoutLink"] = link = f"https://meet.google.com/{name}"
    event["conferenceData"] = {
        "createRequest": {**wanted, "status": {"statusCode": "success"}},
        "conferenceId": name,
        "entryPoints": [{"entryPointType": "video", "uri": link, "label": link.removeprefix("https://")}],
    }


def _unless_changed(event: Event, headers: Mapping[str, str]) -> None:
    wanted = headers.get("if-match", "*")
    if wanted not in ("*", event["etag"]):
        raise Refused(412, "conditionNotMet", "Precondition Failed")


def _is_busy(event: Event) -> bool:
    return event["status"] != "cancelled" and event.get("transparency", "opaque") == "opaque"


def _fits(event: Event, query: Mapping[str, Any]) -> bool:
    starts_at, ends_at = span_of(event)
    private = (event.get("extendedProperties") or {}).get("private") or {}
    wanted = (pair.partition("=") for pair in query.get("privateExtendedProperty", ()))
    tests = (
        event["status"] != "cancelled" or query.get("showDeleted", False) or "updatedMin" in query,
        "timeMin" not in query or ends_at > datetime.fromisoformat(query["timeMin"]),
        "timeMax" not in query or starts_at < datetime.fromisoformat(query["timeMax"]),
        "updatedMin" not in query or event["updated"] >= stamp(datetime.fromisoformat(query["updatedMin"])),
        all(private.get(name) == value for name, _, value in wanted),
        query.get("iCalUID") in (None, event["iCalUID"]),
        query.get("q", "").lower()
        in " ".join(str(event.get(n, "")) for n in ("summary", "description", "location")).lower(),
    )
    return all(tests)


def _key(query: Mapping[str, Any]) -> Callable[[Event], Any]:
    if query.get("orderBy") == "startTime":
        return lambda event: (span_of(event)[0], event["id"])
    return lambda event: (event["updated"] if query.get("orderBy") == "updated" else "", event["id"])


def _first(page_token: str | None) -> int:
    if page_token is None:
        return 0
    if not re.fullmatch(r"p\d+", page_token, re.ASCII):
        raise Refused(400, "badRequest", "Invalid page token.")
    return int(page_token[1:])
