"""Sessions: what a browser's cookie stands for.

Somebody who is not signed in has Flask's signed cookie with what a form needs (the CSRF token), or none, and never a
row. Somebody who is signed in has an opaque random value in the same cookie, and a row that is found by its SHA-256;
signing in and out replaces the value, so that an older cookie is worth nothing.

The row is read when it is first needed, by one statement together with the user and the person behind it, or it comes
along with a statement that a page sends anyway. A page that needs none of it costs nothing, and works while the
database is away.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import login_user
from itsdangerous import BadSignature

from hms import clock
from hms.auth import devices, drafts, queries, services, session_limits
from hms.auth.models import User
from hms.auth.queries import Account, FoundSignIn

OPAQUE = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits, as secrets.token_urlsafe writes them


class BrowserSession(SessionMixin):
    """``flask.session``: a dictionary for one browser, and the user who is signed in with it.

    ``signed_in`` says whether the answer is made for somebody who is; ``ended``, whether the browser still has the
    cookie of a session that is over. Both are known once anything of the session was asked for.
    """

    modified = False
    signed_in = False
    ended = False

    def __init__(self, values: dict[str, Any], *, secret: str | None = None):
        self._values = values
        self._secret = secret
        self._is_read = secret is None
        self._sign_in: FoundSignIn | None = None
        self.new_secret: str | None = None

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._read()[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self._read()[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    @property
    def may_be_signed_in(self) -> bool:
        """Whether the browser sent the cookie of a session that may still last; nothing is looked up."""
        return self._secret is not None

    @property
    def account(self) -> Account | None:
        """Who is signed in."""
        self._read()
        return self._sign_in.account if self._sign_in else None

    def begin(self, user: User, *, proved_hash: str, **more: str) -> None:
        """Sign ``user`` in with this browser; whatever session it had before is gone, its row too.

        ``more`` is kept in the session. The CSRF token is made here, so that no page has to write one later. Raises
        :class:`~hms.auth.services.WrongCredentials`, and changes nothing then, if the account no longer has the
        password hash that was proved.
        """
        secret = secrets.token_urlsafe(32)
        values = {"_user_id": str(user.id), "csrf_token": drafts.secret_of(user.id), **more}
        replaces = _hash(self._secret) if self._secret else None
        services.begin_sign_in(
            user,
            proved_hash=proved_hash,
            id_hash=_hash(secret),
            data=values,
            replaces=replaces,
            device=devices.current(),
        )
        login_user(user)
        self._become(values, secret=secret)
        self.new_secret, self.signed_in = secret, True

    @property
    def id_hash(self) -> bytes | None:
        """What the session's row is found by; None for nobody."""
        return _hash(self._secret) if self._secret else None

    def end(self) -> None:
        """Sign out: the row is gone, and the browser is nobody's."""
        if self._secret:
            services.end_sign_in(_hash(self._secret))
        self._become({}, secret=None)
        self.ended = True

    def ends_at(self) -> datetime | None:
        """When the sign-in ends if nothing more is done with it; asking is no activity. None without one."""
        times = queries.find_sign_in_times(_hash(self._secret)) if self._secret else None
        if times is None:
            return None
        last_seen_at, expires_at, role = times
        return min(last_seen_at + session_limits.idle_time(role), expires_at)

    def note_activity(self) -> None:
        """Whoever is signed in has just said that they are there."""
        services.note_seen(_hash(str(self._secret)))

    def _become(self, values: dict[str, Any], *, secret: str | None) -> None:
        """Be another session from here on."""
        self._values, self._secret = values, secret
        self._is_read, self._sign_in, self.new_secret = True, None, None
        self.modified = self.signed_in = self.ended = False

    def save(self) -> None:
        """Write what has changed to the row of somebody who is signed in."""
        if self.modified and self._secret and (self._sign_in or self.new_secret):
            services.save_data(_hash(self._secret), self._values)

    def _read(self) -> dict[str, Any]:
        """The values, fetched at first use.

        It is tried once: when the database is away, the first who asks gets its error, and the page that says so is
        drawn as for anybody.
        """
        if errand := self.errand():
            errand.leave()
            errand.arrive(errand.statement.first(**errand.values))
        return self._values

    def errand(self) -> "SignInErrand | None":
        """What there is to look up, for a statement that brings it along; None when nothing is, or it was already."""
        return None if self._is_read or self._secret is None else SignInErrand(self, _hash(self._secret))

    def note_asked(self) -> None:
        """It is being looked up who is signed in."""
        self._is_read = self.signed_in = True

    def note_found(self, found: FoundSignIn | None) -> None:
        """Be the session that was found; None when it is over."""
        self._sign_in = found
        if self._sign_in is None:
            self.signed_in, self.ended = False, True
            return
        self._values = dict(self._sign_in.data)
        if self._sign_in.last_seen_at < clock.now() - session_limits.SEEN_EVERY:
            services.note_seen(_hash(str(self._secret)))


class SignInErrand:
    """Looks up who is signed in; see :class:`hms.prepared.Errand`."""

    statement = queries.SIGN_IN

    def __init__(self, session: BrowserSession, id_hash: bytes):
        now = clock.now()
        self._session = session
        idle = session_limits.idle_since(now)
        since = {"idle_since": idle.patients, "staff_since": idle.staff}
        self.values: Mapping[str, Any] = {"id_hash": id_hash, "now": now, **since}

    def leave(self) -> None:
        """It is looked up once, whatever comes of it."""
        self._session.note_asked()

    def arrive(self, row: Sequence[Any] | None) -> None:
        """The row of the session; None when it is over."""
        self._session.note_found(queries.found_sign_in(row))


class Sessions(SecureCookieSessionInterface):
    """Opens the session of a request and saves it with the answer."""

    def get_cookie_name(self, app: Flask) -> str:
        """``__Host-hms``, which a browser takes from this very host over HTTPS only; ``hms`` without HTTPS."""
        return "__Host-hms" if self.get_cookie_secure(app) else "hms"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether people reach this site over HTTPS."""
        return str(app.config["PUBLIC_URL"]).startswith("https:")

    def open_session(self, app: Flask, request: Request) -> BrowserSession:  # type: ignore[override]
        """The session that the request's cookie stands for; nothing is looked up yet."""
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        if OPAQUE.fullmatch(cookie):
            return BrowserSession({}, secret=cookie)
        return BrowserSession(self._signed_values(app, cookie))

    def _signed_values(self, app: Flask, cookie: str) -> dict[str, Any]:
        serializer = self.get_signing_serializer(app) if cookie else None
        try:
            return dict(serializer.loads(cookie)) if serializer else {}
        except BadSignature:
            return {}

    def save_session(self, app: Flask, session: BrowserSession, response: Response) -> None:  # type: ignore[override]
        """Store what changed, and tell the browser what its cookie is now.

        Who asks for the head alone is shown nothing: what was to be shown once is still there for the page.
        """
        if session.signed_in:
            response.headers["Cache-Control"] = "no-store"
        if request.method == "HEAD":
            return
        session.save()
        value = self._cookie_value(app, session)
        if value is not None:
            self._set_cookie(app, response, value)

    def _cookie_value(self, app: Flask, session: BrowserSession) -> str | None:
        """What the cookie becomes: nothing is to change for None, it is to go for an empty text."""
        if session.new_secret:
            return session.new_secret
        if session.signed_in or not (session.modified or session.ended):
            return None
        serializer = self.get_signing_serializer(app)
        return str(serializer.dumps(dict(session))) if session and serializer else ""

    def _set_cookie(self, app: Flask, response: Response, value: str) -> None:
        response.set_cookie(
            self.get_cookie_name(app),
            value,
            max_age=None if value else 0,
            expires=None if value else 0,
            path="/",
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite="Lax",
        )


def browser_session() -> BrowserSession:
    """The session of the current request."""
    return cast(BrowserSession, session._get_current_object())  # type: ignore[attr-defined]


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
