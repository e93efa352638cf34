"""How a page is answered, and the pages for when it cannot be."""

from typing import Any

from flask import Flask, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException, SecurityError

from hms.db import db
from hms.errors import Refusal
from hms.forms import HmsForm
from hms.text import has_forbidden_characters
from hms.web import health
from hms.web.headers import request_id

SENTENCES = {
    400: (
        "We couldn’t read that",
        "The address or the form contains something we can’t accept. Nothing was changed.",
    ),
    404: ("Page not found", "Check the address. The page may belong to another account."),
    405: ("You can’t open this page directly", "Go back to the page you came from. Nothing was changed."),
    413: ("That is too large", "Nothing was saved. Go back, then choose a smaller file or write less."),
    414: ("This address is too long", "Nothing was changed. Search for less, or start again from the first page."),
    429: ("Too many tries", "Wait a few minutes and try again."),
}
CSRF = ("This page is out of date", "Nothing was sent. Reload it and try again.")
BUG = (
    "Sorry, there’s a problem with the service",
    "Something went wrong on our side. Your bookings are safe. Try again in a few minutes.",
)
AWAY = ("Sorry, there’s a problem with the service", "Your bookings are safe. Try again in a few minutes, or call us.")

UPDATING = ("The service is being updated", "Your bookings are safe. Try again in a few minutes, or call us.")


def render(
    template: str, *, form: HmsForm | None = None, status: int | None = None, **context: Any
) -> ResponseReturnValue:
    """Render a page; one with a form answers the form's status, unless ``status`` says otherwise."""
    if status is None:
        status = form.status if form else 200
    refusal = form.refusal if form else None
    return render_template(template, form=form, **context), status, _retry_after(refusal)


def _retry_after(refusal: Refusal | None) -> dict[str, str]:
    """The header that says when trying again is worth it."""
    seconds = refusal.retry_after_seconds if refusal else None
    return {} if seconds is None else {"Retry-After": str(seconds)}


def init_app(app: Flask) -> None:
    """Check text at the edge, and answer everything that goes wrong with a page a person understands."""
    app.before_request(_refuse_unreadable_text)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(CSRFError, out_of_date)
    app.register_error_handler(SecurityError, _another_host)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _bug)


def _refuse_unreadable_text() -> None:
    """Addresses and cookies hold no control characters. Form fields are judged by their form, which keeps the rest."""
    values = [request.path, *request.args.keys(), *request.args.values()]
    if any(has_forbidden_characters(value) for value in values):
        raise BadRequest


def _page(status: int, title: str, message: str, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    words = {"status": status, "title": title, "message": message, "request_id": request_id()}
    return render_template("errors/error.html", **words), status, headers or {}


def error_page(status: int, title: str, message: str) -> ResponseReturnValue:
    """A page that says what went wrong, and the ways on."""
    return _page(status, title, message)


def _refused(refusal: Refusal) -> ResponseReturnValue:
    return _page(refusal.status, refusal.title, refusal.message, _retry_after(refusal))


def out_of_date(error: CSRFError) -> ResponseReturnValue:
    """The page from which a form was sent is not of this session."""
    return _page(400, *CSRF)


def _another_host(error: SecurityError) -> ResponseReturnValue:
    """Asked under a name that is not ours (``TRUSTED_HOSTS``): there is no page, for it could not link to anything."""
    return "This address isn’t served here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # a redirect that routing raises
        return error
    unnamed = SENTENCES[400] if error.code < 500 else BUG
    response = make_response(_page(error.code, *SENTENCES.get(error.code, unnamed)))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _database(error: Exception) -> ResponseReturnValue:
    """The database is away, full, slow or not migrated yet: that passes. Any other database error is a bug."""
    if isinstance(getattr(error, "orig", None), pg.UndefinedTable | pg.UndefinedColumn) and (
        reason := _tables_behind()
    ):
        current_app.logger.error("not migrated yet (flask db upgrade): %s [%s]", reason, request_id())
        return _page(503, *UPDATING, {"Retry-After": "5"})
    if not isinstance(error, OperationalError | PoolTimeout) and not getattr(error, "connection_invalidated", False):
        return _bug(error)
    current_app.logger.warning("database unavailable: %s [%s]", type(error).__name__, request_id())
    _forget_session()
    return _page(503, *AWAY, {"Retry-After": "5"})


def _tables_behind() -> str | None:
    """In a sentence that this version is newer than the tables, if it is."""
    _forget_session()
    try:
        return health.tables_behind()
    except DBAPIError as error:
        return "There are no tables yet." if isinstance(error.orig, pg.UndefinedTable) else None
    finally:
        _forget_session()


def _bug(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("unhandled error [%s]", request_id(), exc_info=error)
    _forget_session()
    if current_app.testing and current_app.config["PROPAGATE_EXCEPTIONS"]:
        raise error
    return _page(500, *BUG)


def _forget_session() -> None:
    """An error page is drawn without the database."""
    try:
        db.session.rollback()
    except Exception:
        db.session.remove()
