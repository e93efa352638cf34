"""The endpoints that people and the token client use: consent page, token endpoint, revocation."""

import base64
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from tests.standins.google.accounts import Account, Tokens, Wish, in_full
from tests.standins.google.discovery import known_scopes
from tests.standins.google.wire import Answer, Refused, Request, as_html, as_json, to

IDENTITY = {"openid", "email", "profile"}
ASKED = {
    "client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method",
    "access_type", "prompt", "nonce", "login_hint", "include_granted_scopes", "hl",
}  # fmt: skip
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
WORDS = {
    "openid": "Know who you are on Google",
    "https://www.googleapis.com/auth/userinfo.email": "See your email address",
    "https://www.googleapis.com/auth/userinfo.profile": "See your name and picture",
    "https://www.googleapis.com/auth/calendar.events.owned": "See, create, change and delete events on your calendars",
    "https://www.googleapis.com/auth/calendar.freebusy": "See when you are free or busy",
}
STYLE = """\
body { font: 17px/1.5 sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
body { color: #14262b; background: #fff }
.demo { background: #fdf0d2; color: #6b4300; padding: .75rem 1rem; border-radius: .5rem }
label { display: block; padding: .4rem 0 }
button { font: inherit; padding: .6rem 1.2rem; margin: .5rem .5rem 0 0 }
fieldset { margin: 1rem 0; border: 1px solid #75858a }
td { text-align: left; padding: .25rem 1rem .25rem 0 }
"""
PAGE = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head>
<body><main><p class="demo"><strong>Demonstration.</strong> This is a stand-in on this machine, not Google. No Google
account is touched.</p><h1>{title}</h1>{body}</main></body></html>
"""


class Consent:
    """Asks people, and gives out codes and tokens for what they allow."""

    def __init__(
        self, tokens: Tokens, *, accounts: Mapping[str, Account], secret: str, redirect_uris: set[str]
    ) -> None:
        self.tokens, self.accounts, self.secret, self.redirect_uris = tokens, accounts, secret, redirect_uris

    def ask(self, request: Request) -> Answer:
        """``GET /o/oauth2/v2/auth``: the consent page. Raises :class:`Refused` where Google would show an error."""
        asked = dict(request.query)
        if len(asked) != len(request.query):
            raise Refused(400, "invalid_request", "A parameter appears twice.")
        wish = self._wish(asked)
        return as_html(self._page(self.tokens.wish(wish), wish))

    def decide(self, request: Request) -> Answer:
        """``POST /o/oauth2/v2/auth/decision``: what somebody has pressed."""
        pairs = dict.fromkeys(("wish", "decision", "account")) | _fields(request)
        wish = self.tokens.wishes.pop(str(pairs["wish"]), None)
        if wish is None:
            raise Refused(400, "invalid_request", "This consent page was answered already.")
        if pairs["decision"] != "allow":
            return to(_with(wish, error="access_denied"))
        account = self.accounts[str(pairs["account"])]
        ticked = {value for name, value in _pairs(request) if name == "scope"}
        scopes = frozenset(scope for scope in wish.scopes if scope in ticked or not _is_choice(scope))
        code = self.tokens.give_code(wish, account, scopes)
        return to(_with(wish, code=code, scope=" ".join(sorted(scopes)), authuser="0", prompt="consent"))

    def token(self, request: Request) -> Answer:
        """``POST /token``: codes and refresh tokens become access tokens."""
        form = dict(request.form)
        self._check_client(form, request.headers.get("authorization", ""))
        kind = form.pop("grant_type", None)
        if kind == "authorization_code":
            _only(form, {"code", "redirect_uri", "code_verifier"})
            verifier = form.get("code_verifier")
            if verifier is not None and not VERIFIER.fullmatch(verifier):
                raise Refused(400, "invalid_grant", "Invalid code verifier.")
            return as_json(
                self.tokens.exchange(
                    _needed(form, "code"), redirect_uri=_needed(form, "redirect_uri"), verifier=verifier
                )
            )
        if kind == "refresh_token":
            _only(form, {"refresh_token", "scope"})
            return as_json(self.tokens.renew(_needed(form, "refresh_token"), form.get("scope")))
        raise Refused(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def revoke(self, request: Request) -> Answer:
        """``POST /revoke``: everything that the token's owner has allowed ends."""
        self.tokens.revoke(_needed(request.form, "token"))
        return as_json({})

    def _wish(self, asked: Mapping[str, str]) -> Wish:
        if asked.get("client_id") != self.tokens.client_id:
            raise Refused(401, "invalid_client", "The OAuth client was not found.")
        if asked.get("redirect_uri") not in self.redirect_uris:
            raise Refused(400, "redirect_uri_mismatch", f"{asked.get('redirect_uri')} is not registered.")
        scopes = _check_wish(asked)
        return Wish(
            redirect_uri=asked["redirect_uri"],
            scopes=frozenset(map(in_full, scopes)),
            state=asked.get("state"),
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce"),
            offline=asked.get("access_type") == "offline",
            asks_again="consent" in asked.get("prompt", ""),
            hint=asked.get("login_hint"),
        )

    def _page(self, name: str, wish: Wish) -> str:
        first = wish.hint if wish.hint in self.accounts else next(iter(self.accounts), None)
        accounts = "".join(
            f'<label><input type="radio" name="account" value="{escape(email)}"{" checked" if email == first else ""}> '
            f"{escape(account.name)} ({escape(email)})</label>"
            for email, account in self.accounts.items()
        )
        return PAGE.format(
            title="The clinic wants access to your Google account",
            body=f'<form method="post" action="/o/oauth2/v2/auth/decision">'
            f'<input type="hidden" name="wish" value="{name}">'
            f"<fieldset><legend>Account</legend>{accounts}</fieldset>"
            f"<fieldset><legend>Select what the clinic can access</legend>{_boxes(wish)}</fieldset>"
            '<button name="decision" value="allow">Allow</button> '
            '<button name="decision" value="deny">Deny</button></form>',
        )

    def _check_client(self, form: dict[str, str], authorization: str) -> None:
        """By the body or by Basic, as RFC 6749 (2.3.1) has it; both at once are refused."""
        given = (form.pop("client_id", None), form.pop("client_secret", None))
        if authorization:
            if given != (None, None):
                raise Refused(400, "invalid_request", "The client is authenticated in two ways.")
            given = _basic(authorization)
        if given != (self.tokens.client_id, self.secret):
            raise Refused(401, "invalid_client", "The OAuth client was not found.")


def _check_wish(asked: Mapping[str, str]) -> frozenset[str]:
    """The scopes that are asked for. Raises :class:`Refused`."""
    if unknown := asked.keys() - ASKED:
        raise Refused(400, "invalid_request", f"Unknown parameters: {', '.join(sorted(unknown))}.")
    if asked.get("response_type") != "code":
        raise Refused(400, "unsupported_response_type", "The stand-in gives codes only.")
    scopes = frozenset(asked.get("scope", "").split())
    if not scopes or scopes - known_scopes() - IDENTITY:
        raise Refused(400, "invalid_scope", f"Some requested scopes were invalid: {asked.get('scope')!r}.")
    if asked.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        raise Refused(400, "invalid_request", "Give code_challenge and code_challenge_method=S256.")
    if asked.get("access_type", "online") not in ("online", "offline"):
        raise Refused(400, "invalid_request", "access_type is online or offline.")
    if set(asked.get("prompt", "").split()) - {"none", "consent", "select_account"}:
        raise Refused(400, "invalid_request", "Invalid prompt.")
    return scopes


def error_page(refused: Refused) -> Answer:
    """What somebody sees whose browser brought a request that Google refuses."""
    body = f"<p>Error {refused.status}: {escape(refused.reason)}</p><p>{escape(refused.message)}</p>"
    return as_html(PAGE.format(title="Access blocked", body=body), refused.status)


def _is_choice(scope: str) -> bool:
    """Granular consent: what is more than who somebody is can be left out."""
    return scope in known_scopes()


def _boxes(wish: Wish) -> str:
    def box(scope: str) -> str:
        words = escape(WORDS.get(scope, scope))
        if not _is_choice(scope):
            return f"<p>{words}</p>"
        return f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked> {words}</label>'

    return "".join(box(scope) for scope in sorted(wish.scopes, key=_is_choice))


def _with(wish: Wish, **answer: str) -> str:
    query = ({"state": wish.state} if wish.state is not None else {}) | answer
    return f"{wish.redirect_uri}?{urlencode(query)}"


def _pairs(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.body.decode(), keep_blank_values=True)


def _fields(request: Request) -> dict[str, Any]:
    return dict(_pairs(request))


def _only(form: Mapping[str, str], names: set[str]) -> None:
    if unknown := form.keys() - names:
        raise Refused(400, "invalid_request", f"Unknown parameters: {', '.join(sorted(unknown))}.")


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise Refused(400, "invalid_request", f"Missing required parameter: {name}")
    return form[name]


def _basic(authorization: str) -> tuple[str, str]:
    kind, _, value = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        name, secret = "", ""
    return (unquote_plus(name), unquote_plus(secret)) if kind == "Basic" else ("", "")
