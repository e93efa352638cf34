"""Consent: where somebody is sent to give it, and what Google says who gave what (OAuth 2.0 with PKCE, OpenID Connect).

Authlib speaks the protocol. Nothing is discovered at run time: the addresses are pinned in the settings.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from flask import current_app

from hms import clock
from hms.calendar.google import http
from hms.calendar.google.errors import Later, Refused
from hms.web.links import public_url

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

ANSWERS = (200, 400, 401, 403)
"""What a token endpoint says yes or no with (RFC 6749, 5); anything else is trouble on the way, and passes."""

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
NOT_GOOGLES = "Google sent something we couldn’t read."
TESTING_SECONDS = 7 * 24 * 3600
"""How long a permission lasts while the consent screen is in "Testing"
(https://developers.google.com/identity/protocols/oauth2#expiration)."""


@dataclass(frozen=True)
class Grant:
    """What somebody allowed. ``sub`` is the account, for ever; the email is for people to read.

    ``refresh_token`` is None when Google sent none. ``is_for_testing`` says that it ends after seven days.
    """

    sub: str
    email: str
    scopes: str
    refresh_token: str | None = field(repr=False)
    access_token: str = field(repr=False)
    is_for_testing: bool = False


def consent_address(*, scopes: str, state: str, verifier: str, nonce: str, email: str) -> str:
    """Where the browser goes to ask for consent; ``email`` is the account that is proposed there, if any."""
    with closing(_client(scope=scopes)) as client:
        address, _ = client.create_authorization_url(
            current_app.config["GOOGLE_AUTH_URL"],
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            access_type="offline",
            prompt="consent",
            **({"login_hint": email} if email else {}),
        )
    return str(address)


def exchange(code: str, *, verifier: str, nonce: str) -> Grant:
    """What a code stands for. Raises :class:`Refused` when Google says no, :class:`Later` when it says nothing."""
    from authlib.common.errors import AuthlibBaseError  # loaded when somebody connects, as in _client

    try:
        with closing(_client()) as client:
            token = client.fetch_token(
                current_app.config["GOOGLE_TOKEN_URL"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                **ONCE,
            )
    except AuthlibBaseError as error:
        current_app.logger.warning("google: the code was refused: %.60r", error.error)
        raise Refused("Google didn’t accept its own answer. Start again.") from None
    except (requests.RequestException, ValueError):  # of the answer, which may hold a token, nothing is told
        raise Later(http.SILENT) from None
    return _grant(token, nonce=nonce)


def revoke(token: str) -> None:
    """Have Google forget what the token's owner allowed this clinic. A token that is dead already is no trouble.

    Raises :class:`Later`.
    """
    with closing(http.new_session()) as session:
        answer = http.ask(session, "POST", current_app.config["GOOGLE_REVOKE_URL"], data={"token": token})
    if answer.status not in (200, 400):
        raise Later(f"Google didn’t remove the permission (HTTP {answer.status}).")


READ_TIMEOUT_SECONDS = 5.0
"""A person waits for the exchange of a code, and so does a thread of the web server."""

ONCE: Mapping[str, Any] = {
    "timeout": (http.CONNECT_SECONDS, READ_TIMEOUT_SECONDS),
    "allow_redirects": False,
    "stream": True,
}


def _client(**options: Any) -> "OAuth2Session":
    """Authlib's client for one exchange; it keeps nothing."""
    from authlib.integrations.requests_client import OAuth2Session  # most web processes never need it

    config = current_app.config
    client = OAuth2Session(
        config["GOOGLE_CLIENT_ID"],
        config["GOOGLE_CLIENT_SECRET"],
        token_endpoint_auth_method="client_secret_post",  # noqa: S106  # a method, not a secret
        redirect_uri=public_url("calendar.callback"),
        code_challenge_method="S256",
        **options,
    )
    client.trust_env = False
    client.register_compliance_hook("access_token_response", _bounded)
    return client


def _bounded(response: requests.Response) -> requests.Response:
    """The answer, read within the bounds of all that we ask for; one that cannot be a token's is no answer."""
    body = http.read_body(response)
    if response.status_code not in ANSWERS or not body.startswith(b"{"):
        raise Later(f"Google gave no access (HTTP {response.status_code}).")
    response._content = body
    return response


def _grant(token: Mapping[str, Any], *, nonce: str) -> Grant:
    """Who gave what, from the answer of the token endpoint. Raises :class:`Later` for one that makes no sense."""
    try:
        claims = _claims(token["id_token"])
        _check(claims, nonce=nonce)
        return Grant(
            sub=_text(claims["sub"], longest=255),
            email=_text(claims["email"], longest=254),
            scopes=" ".join(sorted(set(_text(token["scope"]).split()))),
            refresh_token=token.get("refresh_token") or None,
            access_token=_text(token["access_token"]),
            is_for_testing=0 < int(token.get("refresh_token_expires_in") or 0) <= TESTING_SECONDS,
        )
    except (KeyError, TypeError, ValueError):
        raise Later(NOT_GOOGLES) from None


def _claims(id_token: str) -> dict[str, Any]:
    """What the id token says. It came straight from Google's token endpoint over TLS, which stands for the signature
    (OpenID Connect Core, 3.1.3.7, point 6)."""
    body = id_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if not isinstance(claims, dict):
        raise TypeError("the claims are no object")
    return claims


def _check(claims: Mapping[str, Any], *, nonce: str) -> None:
    """Issued by Google, for us, for this very flow, and not over (OpenID Connect Core, 3.1.3.7)."""
    if claims["iss"] not in ISSUERS or claims["aud"] != current_app.config["GOOGLE_CLIENT_ID"]:
        raise ValueError("the id token isn’t for us")
    if claims.get("nonce") != nonce:
        raise ValueError("the id token belongs to another flow")
    if datetime.fromtimestamp(claims["exp"], UTC) <= clock.now():
        raise ValueError("the id token is over")


def _text(value: object, *, longest: int = 2000) -> str:
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        raise ValueError("not a text")
    return value
