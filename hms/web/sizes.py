"""How large a request may be, before anything of it is read.

Its body is bounded by ``MAX_CONTENT_LENGTH`` and ``MAX_FORM_MEMORY_SIZE``; a blueprint that takes files says how large
they may be (``request.max_content_length``). Its head is bounded here, for cookies and lists of languages are taken
apart by patterns, and addresses by routing.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.exceptions import NotFound, RequestURITooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST_HEAD = 32 * 1024
"""Characters in all headers together; browsers send a tenth of that."""

LONGEST_PATH, LONGEST_QUERY = 2000, 8000


class BoundedHead:
    """Answers 431 (RFC 6585) to a request whose headers are endless, and lets the application see all others."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer the request."""
        if _size_of_head(environ) <= LARGEST_HEAD:
            return self.application(environ, start_response)
        start_response("431 Request Header Fields Too Large", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Your browser sent more than we can read. Delete the cookies of this site, and try again.\n"]


def init_app(app: Flask) -> None:
    """Bound what is read of a request."""
    app.wsgi_app = BoundedHead(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_refuse_endless_addresses)


def _size_of_head(environ: "WSGIEnvironment") -> int:
    headers = sum(len(value) for name, value in environ.items() if name.startswith("HTTP_"))
    others = ("PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH")
    return headers + sum(len(environ.get(name, "")) for name in others)


def _refuse_endless_addresses() -> None:
    """Refuse an address with a long path or query: no page of ours has one."""
    if len(request.path) > LONGEST_PATH:
        raise NotFound
    if len(request.query_string) > LONGEST_QUERY:
        raise RequestURITooLarge
