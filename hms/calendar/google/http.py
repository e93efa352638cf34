"""How Google is spoken to: with time-outs, without redirects, and never believing in an answer of any size.

googleapiclient would use httplib2, which repeats a POST whose answer was lost and mixes up answers between threads.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import requests

from hms import clock
from hms.calendar.google.errors import Later

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 3.05, 10.0, 20.0
REST_SECONDS = 30.0
LARGEST_ANSWER = 1024 * 1024
LONGEST_WAIT = timedelta(hours=2)
SILENT = "Google Calendar didn’t answer."


@dataclass
class _Rest:
    """Until when Google is left alone, on the monotonic clock."""

    until: float = 0.0


_rest = _Rest()


class Answer(NamedTuple):
    """What came back. Header names are lower-case."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def new_session() -> requests.Session:
    """A connection to Google that heeds no proxy and no password file of this machine. Close it after use."""
    session = requests.Session()
    session.trust_env = False
    return session


def ask(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: bytes | str | Mapping[str, str] | None = None,
) -> Answer:
    """Send one request, once. Raises :class:`Later` when there is no answer, or none that can be Google's."""
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    _leave_alone()
    try:
        with session.request(
            method, url, headers=headers, data=data, timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            body = read_body(response)
    except requests.RequestException as error:
        if isinstance(error, requests.Timeout):
            _rest.until = time.monotonic() + REST_SECONDS
        raise Later(SILENT) from error
    if response.is_redirect or 300 <= response.status_code < 400:
        raise Later("Google Calendar sent us to another address, which we don’t follow.")
    named = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, response.reason or "", named, body)


def _leave_alone() -> None:
    """After a time-out, wait a while: every message to Google would cost as much again, and mail waits behind it."""
    left = _rest.until - time.monotonic()
    if left > 0:
        raise Later(SILENT, wait=timedelta(seconds=left))


def read_body(response: requests.Response) -> bytes:
    """The body, unless it is larger, or takes longer, than anything that we ask for."""
    ends_at, body = time.monotonic() + WHOLE_SECONDS, bytearray()
    for piece in response.iter_content(64 * 1024):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise Later("Google Calendar sent an answer of more than a megabyte.")
        if time.monotonic() > ends_at:
            raise Later("Google Calendar took too long to answer.")
    return bytes(body)


def wait_named_in(headers: Mapping[str, str]) -> timedelta | None:
    """How long ``Retry-After`` asks to wait (RFC 9110, 10.2.3), at most two hours; none if it does not say."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(), min(_aware(until) - clock.now(), LONGEST_WAIT))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
