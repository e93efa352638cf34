"""A request and an answer, without sockets, and the error that Google's interfaces answer with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """What came in. ``headers`` have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, still quoted."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The parameters in the address, in order."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a posted form. Raises :class:`Refused` for another kind of body, or a field that is twice."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            raise Refused(400, "invalid_request", f"The body must be a form, not {kind or 'nothing'}.")
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True)
        if len(dict(pairs)) != len(pairs):
            raise Refused(400, "invalid_request", "A parameter appears twice.")
        return dict(pairs)


@dataclass(frozen=True)
class Answer:
    """What goes back. ``cut`` closes the connection instead; ``wait_seconds`` waits first."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    wait_seconds: float = 0.0


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": JSON, **headers})


def as_html(text: str, status: int = 200) -> Answer:
    """An answer as a page."""
    return Answer(status, text.encode(), {"Content-Type": HTML})


def to(address: str) -> Answer:
    """Send the browser elsewhere."""
    return Answer(302, b"", {"Location": address})


class Refused(Exception):
    """The stand-in's *no*. ``reason`` is Google's own word for it."""

    def __init__(self, status: int, reason: str, message: str, **headers: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message, self.headers = status, reason, message, headers

    def of_the_api(self) -> Answer:
        """As the Calendar API says it."""
        one = {"domain": _DOMAINS.get(self.reason, "global"), "reason": self.reason, "message": self.message}
        told = {"errors": [one], "code": self.status, "message": self.message}
        return as_json({"error": told}, self.status, **self.headers)

    def of_oauth(self) -> Answer:
        """As the token endpoint says it (RFC 6749, 5.2)."""
        return as_json({"error": self.reason, "error_description": self.message}, self.status, **self.headers)


_DOMAINS = dict.fromkeys(("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"), "usageLimits")
