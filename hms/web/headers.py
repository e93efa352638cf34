"""What every answer carries, errors included: the content security policy and its neighbours, and the request's id."""

import secrets
from collections.abc import Mapping

from flask import Flask, Response, g, request

POLICY = {
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
    """Number every request and dress every answer."""
    app.before_request(_number)
    app.after_request(_dress)


def request_id() -> str:
    """The id under which this request stands in the log."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return g.request_id


def policy_text(policy: Mapping[str, str]) -> str:
    """A content security policy as its header has it."""
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


def _number() -> None:
    request_id()


def _dress(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    response.headers.setdefault("Content-Security-Policy", policy_text(POLICY))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR_SECONDS}; includeSubDomains"
    _keep_out_of_caches(response)
    return response


def _keep_out_of_caches(response: Response) -> None:
    """Nothing made for one person may be stored for another; a static file with its hash may be kept for ever."""
    if request.endpoint == "static":
        hashed = "v" in request.args and response.status_code < 400
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_SECONDS}, immutable" if hashed else "no-cache"
        return
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
