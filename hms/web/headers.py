"""What every answer carries, errors included: the content security policy and its neighbours, and the request's id."""

import secrets
from collections.abc import Mapping

from flask import Flask, Response, g, request

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}

ONE_YEAR_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Give every request an id and every answer its headers."""
    app.before_request(_number)
    app.after_request(_dress)


def request_id() -> str:
    """The id of this request in the log."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return g.request_id


def csp_text(csp: Mapping[str, str]) -> str:
    """A content security policy as its header has it."""
    return "; ".join(f"{directive} {sources}" for directive, sources in csp.items())


DEFAULTS = {"Content-Security-Policy": csp_text(CSP), **HEADERS}
"""What an answer carries unless it brings its own."""


def _number() -> None:
    request_id()


def _dress(response: Response) -> Response:
    added = {"X-Request-ID": request_id(), **DEFAULTS, **_for_caches(response)}
    if request.is_secure:
        added["Strict-Transport-Security"] = f"max-age={ONE_YEAR_SECONDS}; includeSubDomains"
    given = {name.lower() for name, _ in response.headers}
    response.headers.extend((name, value) for name, value in added.items() if name.lower() not in given)
    return response


def _for_caches(response: Response) -> dict[str, str]:
    """Nothing made for one person may be stored for another; a static file says itself whether it may be kept."""
    if request.endpoint == "static":
        return {"Cache-Control": "no-cache"}
    if "Vary" in response.headers:
        response.vary.add("Cookie")
    return {"Cache-Control": "no-store", "Vary": "Cookie"}
