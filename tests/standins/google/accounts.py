"""The people of the stand-in: their accounts, what they have allowed, and the codes and tokens that came of it."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.standins.google.wire import Refused

ISSUER = "https://accounts.google.com"
USERINFO = "https://www.googleapis.com/auth/userinfo."
CODE_LASTS = timedelta(minutes=10)
ACCESS_LASTS = timedelta(seconds=3599)
TESTING_LASTS = timedelta(days=7)


@dataclass
class Account:
    """Somebody with a Google account and one calendar."""

    email: str
    sub: str
    name: str
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)
    has_consented: bool = False


@dataclass
class Grant:
    """What somebody has allowed the client. Revoking it ends every token that came of it."""

    account: Account
    scopes: frozenset[str]
    granted_at: datetime
    alive: bool = True


@dataclass(frozen=True)
class Wish:
    """A request for consent that was shown and waits for an answer."""

    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    challenge: str
    nonce: str | None
    offline: bool
    asks_again: bool
    hint: str | None = None


@dataclass
class Code:
    """A code that was given out, and what it stands for."""

    wish: Wish
    grant: Grant
    given_at: datetime
    is_used: bool = False
    gives_refresh_token: bool = True


class Tokens:
    """Codes and tokens: given out, checked, ended."""

    def __init__(self, *, client_id: str, now: Callable[[], datetime]) -> None:
        self.client_id, self.now = client_id, now
        self.is_testing = False  # the consent screen's publishing status
        self.wishes: dict[str, Wish] = {}
        self.codes: dict[str, Code] = {}
        self.refresh: dict[str, Grant] = {}
        self.access: dict[str, tuple[Grant, datetime]] = {}

    def wish(self, wish: Wish) -> str:
        """The name under which a request for consent waits."""
        name = secrets.token_urlsafe(16)
        self.wishes[name] = wish
        return name

    def give_code(self, wish: Wish, account: Account, scopes: frozenset[str]) -> str:
        """A code for what somebody has allowed."""
        code = f"4/0A{secrets.token_urlsafe(48)}"
        refreshable = wish.offline and (wish.asks_again or not account.has_consented)
        account.has_consented = True
        grant = Grant(account, scopes, self.now())
        self.codes[code] = Code(wish, grant, self.now(), gives_refresh_token=refreshable)
        return code

    def exchange(self, code: str, *, redirect_uri: str, verifier: str | None) -> dict[str, Any]:
        """The tokens for a code. Raises :class:`Refused`."""
        known = self.codes.get(code)
        if known is None or self.now() - known.given_at > CODE_LASTS:
            raise Refused(400, "invalid_grant", "Malformed auth code.")
        if known.is_used:
            known.grant.alive = False
            raise Refused(400, "invalid_grant", "Bad Request")
        if redirect_uri != known.wish.redirect_uri:
            raise Refused(400, "redirect_uri_mismatch", "Bad Request")
        if not verifier:
            raise Refused(400, "invalid_grant", "Missing code verifier.")
        if challenge_of(verifier) != known.wish.challenge:
            raise Refused(400, "invalid_grant", "Invalid code verifier.")
        known.is_used = True
        return self._answer(known.grant, with_refresh=known.gives_refresh_token, nonce=known.wish.nonce)

    def renew(self, refresh_token: str, scope: str | None) -> dict[str, Any]:
        """A new access token. Raises :class:`Refused`."""
        grant = self.refresh.get(refresh_token)
        if grant is None or not self._is_alive(grant):
            raise Refused(400, "invalid_grant", "Token has been expired or revoked.")
        if scope and not set(map(in_full, scope.split())) <= grant.scopes:
            raise Refused(400, "invalid_scope", "Some requested scopes were not granted.")
        return self._answer(grant, with_refresh=False, nonce=None)

    def grant_of(self, access_token: str) -> Grant | None:
        """What an access token allows; none when it is made up or over."""
        grant, ends_at = self.access.get(access_token, (None, None))
        if grant is None or ends_at is None or self.now() >= ends_at or not self._is_alive(grant):
            return None
        return grant

    def revoke(self, token: str) -> None:
        """End everything that the token's owner has allowed the client. Raises :class:`Refused`."""
        grant = self.refresh.get(token) or self.access.get(token, (None,))[0]
        if grant is None or not self._is_alive(grant):
            raise Refused(400, "invalid_token", "Token expired or revoked")
        self.end_all(grant.account)

    def end_all(self, account: Account) -> None:
        """As if the account's owner had removed the client's access."""
        account.has_consented = False
        for grant in [*self.refresh.values(), *(pair[0] for pair in self.access.values())]:
            if grant.account is account:
                grant.alive = False

    def give(self, account: Account, scopes: frozenset[str]) -> str:
        """A refresh token without a browser."""
        account.has_consented = True
        return str(self._answer(Grant(account, scopes, self.now()), with_refresh=True, nonce=None)["refresh_token"])

    def _is_alive(self, grant: Grant) -> bool:
        return grant.alive and not (self.is_testing and self.now() - grant.granted_at >= TESTING_LASTS)

    def _answer(self, grant: Grant, *, with_refresh: bool, nonce: str | None) -> dict[str, Any]:
        access_token = f"ya29.{secrets.token_urlsafe(60)}"
        self.access[access_token] = (grant, self.now() + ACCESS_LASTS)
        answer: dict[str, Any] = {
            "access_token": access_token,
            "expires_in": int(ACCESS_LASTS.total_seconds()),
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
        }
        if "openid" in grant.scopes:
            answer["id_token"] = self._id_token(grant, nonce)
        if with_refresh:
            answer["refresh_token"] = token = f"1//0{secrets.token_urlsafe(60)}"
            self.refresh[token] = grant
            if self.is_testing:
                answer["refresh_token_expires_in"] = int(TESTING_LASTS.total_seconds()) - 1
        return answer

    def _id_token(self, grant: Grant, nonce: str | None) -> str:
        """Signed with nothing: who gets it straight from here does not check that (OpenID Connect Core, 3.1.3.7)."""
        issued_at = int(self.now().timestamp())
        claims = {"iss": ISSUER, "aud": self.client_id, "azp": self.client_id, "sub": grant.account.sub}
        claims |= {"iat": issued_at, "exp": issued_at + 3600}  # type: ignore[dict-item]
        if USERINFO + "email" in grant.scopes:
            claims |= {"email": grant.account.email, "email_verified": True}  # type: ignore[dict-item]
        if nonce:
            claims["nonce"] = nonce
        parts = [json.dumps({"alg": "RS256", "typ": "JWT", "kid": "stand-in"}), json.dumps(claims), "no signature"]
        return ".".join(_base64(part.encode()) for part in parts)


def in_full(scope: str) -> str:
    """A scope as Google's answers have it: ``email`` and ``profile`` are short for addresses."""
    return USERINFO + scope if scope in ("email", "profile") else scope


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
