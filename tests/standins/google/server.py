"""The stand-in itself: one object that answers requests, and a server on the loopback that hands them to it."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.standins.google import board, discovery
from tests.standins.google.accounts import Account, Tokens
from tests.standins.google.calendar import Calendar, free_busy
from tests.standins.google.consent import STYLE, Consent, error_page
from tests.standins.google.faults import FAULTS, NAMES, Call, Planned
from tests.standins.google.rules import stamp
from tests.standins.google.wire import Answer, Refused, Request, as_json

HOST = "127.0.0.1"
CLIENT_ID, CLIENT_SECRET = "stand-in.apps.googleusercontent.test", "stand-in-client-secret"
EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"
FREE_BUSY = "https://www.googleapis.com/auth/calendar.freebusy"
SCOPES = frozenset({"openid", "https://www.googleapis.com/auth/userinfo.email", EVENTS, FREE_BUSY})
REDIRECT_URI = "http://localhost/calendar/callback"  # of the application that tests make
MAX_BODY = 4 * 1024 * 1024


class Google:
    """Google as far as the product knows it: consent, tokens, calendars; with faults on demand and a log.

    ``now`` is its clock. ``chooser(route)`` may name a fault for each request, for tests that want them at random.
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None, redirect_uris: set[str] | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.url = ""
        self.accounts: dict[str, Account] = {}
        self.log: list[Call] = []
        self.chooser: Callable[[str], str | None] | None = None
        self.tokens = Tokens(client_id=CLIENT_ID, now=self.now)
        self.redirect_uris = redirect_uris if redirect_uris is not None else {REDIRECT_URI}
        self.lock = threading.RLock()
        self._consent = Consent(
            self.tokens, accounts=self.accounts, secret=CLIENT_SECRET, redirect_uris=self.redirect_uris
        )
        self._planned: list[Planned] = []

    # -- what tests ask and arrange ------------------------------------------------------------------------------

    def settings(self) -> dict[str, str]:
        """The settings of HMS that lead here."""
        return {
            "GOOGLE_CLIENT_ID": CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
            "GOOGLE_AUTH_URL": f"{self.url}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{self.url}/token",
            "GOOGLE_REVOKE_URL": f"{self.url}/revoke",
            "GOOGLE_CALENDAR_URL": f"{self.url}{discovery.PREFIX}",
        }

    def add_account(self, email: str, *, sub: str = "", name: str = "") -> Account:
        """A new Google account with an empty calendar."""
        account = Account(email, sub or f"{len(self.accounts) + 1:021}", name or email.partition("@")[0].title())
        self.accounts[email] = account
        return account

    def grant(self, email: str, scopes: frozenset[str] = SCOPES) -> str:
        """A refresh token, as if the account's owner had just consented in a browser."""
        return self.tokens.give(self.accounts[email], scopes)

    def revoke_grant(self, email: str) -> None:
        """As if the account's owner had removed the clinic's access on Google's own pages."""
        with self.lock:
            self.tokens.end_all(self.accounts[email])

    def has_grant(self, email: str) -> bool:
        """Whether some token still opens the account."""
        return any(g.alive and g.account.email == email for g in self.tokens.refresh.values())

    def expire_access_tokens(self) -> None:
        """As if an hour had passed."""
        with self.lock:
            self.tokens.access.clear()

    def events(self, email: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """The events in an account's calendar, by their start; with the deleted ones on demand."""
        with self.lock:
            events = [e for e in self.accounts[email].events.values() if deleted or e["status"] != "cancelled"]
        return sorted(events, key=lambda event: json.dumps(event["start"], sort_keys=True))

    def add_event(self, email: str, starts_at: datetime, ends_at: datetime, **fields: Any) -> dict[str, Any]:
        """An event that the account's owner makes."""
        event = {"start": {"dateTime": stamp(starts_at)}, "end": {"dateTime": stamp(ends_at)}, "summary": "Private"}
        with self.lock:
            return json.loads(self._calendar(email).insert({}, event | fields, {}).body)

    def change_event(self, email: str, event_id: str, **fields: Any) -> dict[str, Any]:
        """The account's owner changes an event: moves it, renames it, makes it public."""
        with self.lock:
            return json.loads(self._calendar(email).patch({"eventId": event_id}, fields, {}).body)

    def remove_event(self, email: str, event_id: str, *, purge: bool = False) -> None:
        """The account's owner deletes an event; ``purge`` empties the bin too. Its id stays used for ever."""
        with self.lock:
            self._calendar(email).delete({"eventId": event_id}, {}, {})
            if purge:
                del self.accounts[email].events[event_id]
                self.accounts[email].purged.add(event_id)

    def fail(self, name: str, *, on: str = "*", times: int | None = 1, after: int = 0, seconds: float = 1.0) -> None:
        """Let the next ``times`` requests to ``on`` (``events.*``, ``token.*``) go wrong, after the first ``after``."""
        assert name in NAMES, f"{name} is no fault; there are {', '.join(sorted(NAMES))}"
        self._planned.append(Planned(name, on, times, after, seconds))

    def heal(self) -> None:
        """Forget all faults that were asked for."""
        self._planned.clear()
        self.chooser = None

    def calls(self, route: str = "*") -> list[Call]:
        """The requests to one route so far, faults included."""
        return [call for call in self.log if route in ("*", call.route)]

    # -- answering -----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """What Google would answer, or the fault that is due. It never raises."""
        route = self._route(request)
        fault, seconds = self._due(route)
        if fault in FAULTS:
            return self._noted(request, route, FAULTS[fault](), fault)
        with self.lock:
            answer = self._do(request, route, fault)
        if fault == "lost":
            answer = Answer(answer.status, answer.body, answer.headers, cut=True)
        if fault == "slow":
            answer = Answer(answer.status, answer.body, answer.headers, wait_seconds=seconds)
        return self._noted(request, route, answer, fault)

    def _route(self, request: Request) -> str:
        named = {"/o/oauth2/v2/auth": "auth", "/o/oauth2/v2/auth/decision": "decision", "/revoke": "revoke"}
        if request.path == "/token":
            grant_type = b"grant_type=refresh_token" in request.body
            return "token.refresh_token" if grant_type else "token.authorization_code"
        if request.path.startswith(discovery.PREFIX):
            try:
                return discovery.find(request)[0].name
            except Refused:
                return "unknown"
        return named.get(request.path, "board" if request.path.startswith("/board") else "unknown")

    def _due(self, route: str) -> tuple[str | None, float]:
        with self.lock:
            for planned in self._planned:
                if planned.hits(route):
                    return planned.name, planned.seconds
            return (self.chooser(route) if self.chooser else None), 1.0

    def _do(self, request: Request, route: str, fault: str | None) -> Answer:
        if request.path.startswith(discovery.PREFIX):
            try:
                return self._api(request, fault)
            except Refused as refused:
                return refused.of_the_api()
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/o/oauth2/v2/auth"): self._consent.ask,
            ("POST", "/o/oauth2/v2/auth/decision"): self._consent.decide,
            ("POST", "/token"): self._consent.token,
            ("POST", "/revoke"): self._consent.revoke,
            ("GET", "/style.css"): lambda request: Answer(200, STYLE.encode(), {"Content-Type": "text/css"}),
            ("GET", "/board"): lambda request: board.show(self),
            ("POST", "/board"): lambda request: board.act(self, request),
        }
        view = routes.get((request.method, request.path))
        try:
            if view is None:
                raise Refused(404, "not_found", f"{request.method} {request.path} is nothing here.")
            answer = view(request)
        except Refused as refused:
            return refused.of_oauth() if request.path in ("/token", "/revoke") else error_page(refused)
        return _without_refresh_token(answer) if fault == "no-refresh-token" else answer

    def _api(self, request: Request, fault: str | None) -> Answer:
        route, path = discovery.find(request)
        account = self._authorized(request, route)
        query = discovery.parameters(route, request) | path
        body = discovery.body(route, request)
        own = {name: self._calendar(account.email) for name in ("primary", account.email)}
        if route.name == "freebusy.query":
            return free_busy(own, body, failing=fault == "free-busy-error")
        resource, _, verb = route.name.partition(".")
        if resource != "events" or verb not in ("insert", "get", "patch", "update", "delete", "list"):
            raise Refused(501, "notImplemented", f"The stand-in does not do {route.name}.")
        if query["calendarId"] not in own:
            raise Refused(404, "notFound", "Not Found")
        return getattr(own["primary"], "find" if verb == "list" else verb)(query, body, request.headers)

    def _authorized(self, request: Request, route: discovery.Route) -> Account:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refused(401, "required", "Login Required.", **{"WWW-Authenticate": "Bearer"})
        grant = self.tokens.grant_of(token)
        if grant is None:
            raise Refused(401, "authError", "Invalid Credentials", **{"WWW-Authenticate": "Bearer"})
        if not grant.scopes & route.scopes:
            raise Refused(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        return grant.account

    def _calendar(self, email: str) -> Calendar:
        return Calendar(self.accounts[email], now=self.now, base=self.url)

    def _noted(self, request: Request, route: str, answer: Answer, fault: str | None) -> Answer:
        token = request.headers.get("authorization", "").partition(" ")[2]
        grant = self.tokens.grant_of(token) if route.partition(".")[0] in ("events", "freebusy") else None
        try:
            body: Any = json.loads(request.body)
        except ValueError:
            body = request.body.decode(errors="replace") or None
        email = grant.account.email if grant else None
        call = Call(route, request.method, request.path, dict(request.query), body, answer.status, email, fault)
        with self.lock:
            self.log.append(call)
        return answer


def _without_refresh_token(answer: Answer) -> Answer:
    told = {name: value for name, value in json.loads(answer.body).items() if name != "refresh_token"}
    return as_json(told, answer.status)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, hands it to the stand-in, and writes the answer, or breaks off."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 30
    google: Google

    def do_GET(self) -> None:
        """Answer a request."""
        length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.google.answer(Request(self.command, self.path, headers, self.rfile.read(length)))
        time.sleep(answer.wait_seconds)
        if answer.cut:
            self._break_off()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status not in (204, 304):
            self.wfile.write(answer.body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # the names that http.server looks for

    def _break_off(self) -> None:
        """Reset the connection, as a network does that loses it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is nothing to tell of."""


@contextmanager
def served(google: Google | None = None, *, port: int = 0, **options: Any) -> Iterator[Google]:
    """A stand-in that answers on a port of the loopback, in threads of this process."""
    google = google or Google(**options)
    handler = type("Handler", (_Handler,), {"google": google})
    server = _Server((HOST, port), handler)
    google.url = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
