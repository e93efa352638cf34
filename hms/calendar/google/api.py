"""One user's Google Calendar, through Google's own client library, and its refusals sorted by what helps."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from flask import current_app

from hms.calendar.google.errors import AccessRevoked, AlreadyThere, Gone, GoogleTrouble, Later, Refused, TokenRefused
from hms.calendar.google.http import Answer, ask, new_session, wait_named_in

CALENDAR = "primary"
NO_SENSE = "Google Calendar sent something we couldn’t read."
TOO_OFTEN = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
"""Reasons of a 403 that pass (https://developers.google.com/workspace/calendar/api/guides/errors)."""

Interval = tuple[datetime, datetime]
TokenSource = Callable[[str | None], str]
"""Gives an access token; if it is given one that Google refused, another one."""


@dataclass(frozen=True)
class Grant:
    """What a refresh token was exchanged for. ``refresh_token`` is there only if Google replaced it."""

    access_token: str = field(repr=False)
    lasts: timedelta
    refresh_token: str | None = field(repr=False)


class GoogleCalendar:
    """The calendar that a user's account began with. Every method raises :class:`GoogleTrouble` of some kind."""

    def __init__(self, service: Any) -> None:
        self._events, self._freebusy = service.events(), service.freebusy()

    def insert(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Make an event under the id that it names. Raises :class:`AlreadyThere` if one has it, even a deleted one."""
        return _resource(self._events.insert(calendarId=CALENDAR, body=dict(event), **_options(event)))

    def patch(self, event_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Change an event. Raises :class:`Gone`."""
        body = {name: value for name, value in event.items() if name != "id"}
        return _resource(self._events.patch(calendarId=CALENDAR, eventId=event_id, body=body, **_options(event)))

    def get(self, event_id: str) -> dict[str, Any]:
        """An event as Google has it; a deleted one says ``status: cancelled``. Raises :class:`Gone`."""
        return _resource(self._events.get(calendarId=CALENDAR, eventId=event_id))

    def delete(self, event_id: str) -> None:
        """Delete an event. Raises :class:`Gone` when there is none."""
        _done(self._events.delete(calendarId=CALENDAR, eventId=event_id, sendUpdates="none"))

    def busy(self, starts_at: datetime, ends_at: datetime) -> list[Interval]:
        """The intervals in which the calendar is busy, as Google sees it. A calendar's own ``errors`` are a failure."""
        moments = {"timeMin": _text(starts_at), "timeMax": _text(ends_at), "timeZone": "UTC"}
        answer = _resource(self._freebusy.query(body={**moments, "items": [{"id": CALENDAR}]}))
        try:
            calendar = answer["calendars"][CALENDAR]
            if calendar.get("errors"):
                raise Later("Google Calendar couldn’t tell us when you’re busy.")
            return [(_moment(busy["start"]), _moment(busy["end"])) for busy in calendar.get("busy", [])]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Later(NO_SENSE) from error


@contextmanager
def open_calendar(token: TokenSource) -> Iterator[GoogleCalendar]:
    """The calendar of the account that ``token`` is for."""
    from googleapiclient.discovery import build  # 30 MB and a quarter of a second: the worker needs it, pages do not

    with closing(new_session()) as session:
        service = build(
            "calendar",
            "v3",
            http=_Http(session, token),
            static_discovery=True,
            cache_discovery=False,
            client_options={"api_endpoint": current_app.config["GOOGLE_CALENDAR_URL"]},
        )
        yield GoogleCalendar(service)


def refresh(refresh_token: str) -> Grant:
    """Exchange a refresh token for an access token (RFC 6749, 6). Raises :class:`AccessRevoked` or :class:`Later`."""
    config = current_app.config
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": config["GOOGLE_CLIENT_ID"],
        "client_secret": config["GOOGLE_CLIENT_SECRET"],
    }
    with closing(new_session()) as session:
        answer = ask(session, "POST", config["GOOGLE_TOKEN_URL"], data=form)
    said = _json(answer.body)
    if answer.status != 200:
        raise _no_grant(answer, said.get("error"))
    token, seconds, replaced = said.get("access_token"), said.get("expires_in"), said.get("refresh_token")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise Later(NO_SENSE)
    return Grant(token, timedelta(seconds=seconds), replaced if isinstance(replaced, str) and replaced else None)


def _no_grant(answer: Answer, error: object) -> GoogleTrouble:
    if error == "invalid_grant":  # only this says that the token is dead; everything else may pass
        return AccessRevoked("Google no longer lets us into this calendar.")
    if error in ("invalid_client", "unauthorized_client"):
        return Later("Google doesn’t recognise this clinic. An administrator needs to check the settings.")
    return Later(f"Google gave no access (HTTP {answer.status}).", wait=wait_named_in(answer.headers))


class _Http:
    """What googleapiclient sends its requests through, in place of httplib2."""

    def __init__(self, session: requests.Session, token: TokenSource) -> None:
        self._session, self._source = session, token
        self._token: str | None = None

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple["_Response", bytes]:
        """Send a request; once more with a new token when Google refuses the one at hand, having done nothing."""
        self._token = self._token or self._source(None)
        answer = self._send(uri, method, body, headers)
        if answer.status == 401:
            self._token = self._source(self._token)
            answer = self._send(uri, method, body, headers)
        if method == "DELETE" and answer.status == 200:  # Google says 204; any network's page to sign in says 200
            raise Later(NO_SENSE)
        return _Response(answer), answer.body

    def _send(self, uri: str, method: str, body: bytes | str | None, headers: Mapping[str, str] | None) -> Answer:
        ours = {**(headers or {}), "authorization": f"Bearer {self._token}"}
        return ask(self._session, method, uri, headers=ours, data=body)

    def close(self) -> None:
        """Nothing to do: who opened the session closes it."""


class _Response(dict[str, str]):
    """The head of an answer, in the shape that googleapiclient knows from httplib2."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.headers)
        self.status, self.reason = answer.status, answer.reason


def _resource(request: Any) -> dict[str, Any]:
    """What Google answers, which has to be an object."""
    answer = _done(request)
    if not isinstance(answer, dict):
        raise Later(NO_SENSE)
    return answer


def _done(request: Any) -> Any:
    """What Google answers to a request, or the trouble that its refusal means."""
    from googleapiclient.errors import Error, HttpError

    try:
        return request.execute()
    except HttpError as error:
        raise _trouble(error.resp.status, _reason(error.content), error.resp) from error
    except (Error, ValueError) as error:  # a web page, half an answer
        raise Later(NO_SENSE) from error


def _trouble(status: int, reason: str, headers: Mapping[str, str]) -> GoogleTrouble:
    if status in (404, 410):
        return Gone("The event isn’t in Google Calendar.")
    if status == 409:
        return AlreadyThere("An event with this id is in Google Calendar already.")
    if status == 401:
        return TokenRefused("Google doesn’t accept its own fresh access token.")
    if status == 429 or reason in TOO_OFTEN:
        return Later("We’ve asked Google Calendar too often.", wait=wait_named_in(headers))
    if status >= 500 or status in (408, 412):
        return Later(f"Google Calendar has a problem (HTTP {status}).", wait=wait_named_in(headers))
    if status == 403:
        return Refused("Google doesn’t let us do this. Disconnect, then connect again and leave every box ticked.")
    return Refused(f"Google Calendar didn’t accept what we sent (HTTP {status}).")


def _reason(content: bytes) -> str:
    """The reason in Google's error body, such as ``rateLimitExceeded``."""
    with suppress(AttributeError, IndexError, KeyError, TypeError):
        return str(_json(content)["error"]["errors"][0]["reason"])
    return ""


def _json(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _options(event: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody is written to, as HMS has its own mails; a conference is touched only where the event names one."""
    conference = {"conferenceDataVersion": 1} if "conferenceData" in event else {}
    return {"sendUpdates": "none", **conference}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    return moment.astimezone(UTC)
