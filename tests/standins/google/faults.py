"""What can be made to go wrong, by name, and the requests that were answered."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.standins.google.wire import Answer, Refused, as_html, as_json

HUGE = 10 * 1024 * 1024
NEVER_SENT = 3600  # a Retry-After that nobody waits for in a test


def _api(status: int, reason: str, message: str, **headers: str) -> Callable[[], Answer]:
    return lambda: Refused(status, reason, message, **headers).of_the_api()


FAULTS: dict[str, Callable[[], Answer]] = {
    "401": _api(401, "authError", "Invalid Credentials", **{"WWW-Authenticate": "Bearer"}),
    "403-rate": _api(403, "rateLimitExceeded", "Rate Limit Exceeded"),
    "403-user-rate": _api(403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
    "403-quota": _api(403, "quotaExceeded", "Calendar usage limits exceeded."),
    "403-forbidden": _api(403, "forbidden", "Forbidden"),
    "403-scopes": _api(403, "insufficientPermissions", "Request had insufficient authentication scopes."),
    "404": _api(404, "notFound", "Not Found"),
    "409": _api(409, "duplicate", "The requested identifier already exists."),
    "410": _api(410, "deleted", "Resource has been deleted"),
    "412": _api(412, "conditionNotMet", "Precondition Failed"),
    "429": _api(429, "rateLimitExceeded", "Rate Limit Exceeded", **{"Retry-After": str(NEVER_SENT)}),
    "500": _api(500, "internalError", "Internal error encountered."),
    "502": lambda: as_html("<!doctype html><title>Error 502 (Server Error)!!1</title>", 502),
    "503": _api(503, "backendError", "Backend Error"),
    "504": lambda: as_html("<!doctype html><title>Error 504 (Server Error)!!1</title>", 504),
    "html": lambda: as_html("<!doctype html><title>Sign in to the network</title><h1>Welcome to free wireless</h1>"),
    "garbage": lambda: Answer(200, b'{"id": "abc', {"Content-Type": "application/json; charset=UTF-8"}),
    "empty": lambda: Answer(200, b"", {"Content-Type": "application/json; charset=UTF-8"}),
    "huge": lambda: as_json({"summary": "x" * HUGE}),
    "redirect": lambda: Answer(302, b"", {"Location": "/somewhere-else"}),
    "cut": lambda: Answer(cut=True),
    "invalid_grant": lambda: Refused(400, "invalid_grant", "Token has been expired or revoked.").of_oauth(),
    "invalid_client": lambda: Refused(401, "invalid_client", "The OAuth client was not found.").of_oauth(),
}
"""Answers that are given instead of doing what was asked."""

AFTERWARDS = {"lost", "slow"}
"""Done as asked; then the answer is lost on its way, or comes late."""

INSIDE = {"free-busy-error", "no-refresh-token"}
"""What the one that does it sees to itself."""

NAMES = FAULTS.keys() | AFTERWARDS | INSIDE


@dataclass
class Planned:
    """A fault that waits for its request. ``times`` is None for "until healed"."""

    name: str
    on: str
    times: int | None
    after: int
    seconds: float

    def hits(self, route: str) -> bool:
        """Whether it strikes this request; counts it."""
        if not fnmatch.fnmatch(route, self.on) or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True)
class Call:
    """A request that was answered. ``route`` is like ``events.insert``, ``token.refresh_token`` or ``revoke``."""

    route: str
    verb: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    email: str | None
    fault: str | None
