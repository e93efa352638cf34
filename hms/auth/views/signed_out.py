"""A form that came too late: its session had ended, or it belongs to another one.

Nothing is done with it. Whoever sent it is told why, signs in, and finds the form filled in.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from hms import areas, clock
from hms.auth import drafts, services
from hms.auth.drafts import Draft
from hms.auth.forms import SignInForm
from hms.auth.redirects import page_behind, safe_next
from hms.auth.sessions import browser_session
from hms.errors import Refusal
from hms.forms import fill_again, is_filled_again
from hms.web import pages, render

bp = areas.blueprint("public", "signed_out", __name__)


def init_app(app: Flask) -> None:
    """Answer forms that come too late, and fill in again what was typed into them."""
    app.register_error_handler(CSRFError, too_late)
    app.before_request(_fill_in_again)
    app.after_request(_tell_the_browser)
    app.context_processor(lambda: {"is_filled_again": is_filled_again, "lost_files": g.get("lost_files")})


@bp.post("/signed-out/discard")
def discard() -> ResponseReturnValue:
    """Forget what was typed."""
    drafts.discard()
    g.draft_cookie = ""
    flash("We’ve deleted what you typed.", "ok")
    return redirect(areas.home_of("public"), 303)


def too_late(error: CSRFError) -> ResponseReturnValue:
    """The form is not of this session: say so, keep what was typed, and offer the way back to it."""
    secret = drafts.secret_that_was_sent()
    if areas.access_of(request.endpoint) == areas.PUBLIC:
        return _again(error) if secret else pages.out_of_date(error)
    if current_user.is_authenticated and not secret:
        return pages.out_of_date(error)
    draft = _kept(secret) if secret else None
    if current_user.is_authenticated:
        return _back_to_the_form(error, draft)
    return _signed_out(draft)


def _again(error: CSRFError) -> ResponseReturnValue:
    """A form that is open to everybody, filled in with what was sent, except passwords."""
    typed = drafts.typed_now()
    if not (typed and _can_be_read(request.path)):
        return pages.out_of_date(error)
    fill_again(typed)
    g.lost_files = drafts.has_files()
    request.method = "GET"
    view = current_app.view_functions[str(request.endpoint)]
    try:
        page = make_response(view(**(request.view_args or {})))
    except (Refusal, HTTPException):
        return pages.out_of_date(error)
    if page.status_code != 200:
        return pages.out_of_date(error)
    page.status_code = 400
    return page


def _kept(secret: str) -> Draft | None:
    """The draft, kept if anything was typed; None if that failed."""
    draft = Draft(_page_of_the_form(), request.path, drafts.typed_now(), secret, drafts.has_files())
    if not draft.fields:
        return draft
    try:
        g.draft_cookie = drafts.keep(draft)
    except SQLAlchemyError:
        current_app.logger.warning("what was typed couldn’t be kept")
        return None
    return draft


def _page_of_the_form() -> str:
    """Where the form stands: the page that sent it, its own address, or the one above."""
    behind = page_behind(request)
    if behind and _can_be_read(urlsplit(behind).path):
        return behind
    path = request.path
    while path.strip("/") and not _can_be_read(path):
        path = path.rstrip("/").rpartition("/")[0]
    return safe_next(path) or "/"


def _can_be_read(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:
        return False


def _back_to_the_form(error: CSRFError, draft: Draft | None) -> ResponseReturnValue:
    """Signed in again in another tab: the page, filled in. Signed in as somebody else: no word of it."""
    if draft and draft.belongs_to(current_user.id):
        if not draft.fields:
            return pages.out_of_date(error)
        return redirect(draft.page, 303)
    return pages.error_page(
        400,
        "You’re signed in with a different account",
        "This page belongs to the account you used before, so nothing was sent. To carry on, sign out, then sign in "
        "with that account. What you typed is kept for an hour.",
    )


def _signed_out(draft: Draft | None) -> ResponseReturnValue:
    kept = draft if draft and draft.fields else None
    return render(
        "errors/signed_out.html",
        form=SignInForm(formdata=None),
        status=400,
        kept=kept,
        kept_until=clock.now() + services.DRAFT_LASTS,
        next=draft.page if draft else page_behind(request),
    )


def _fill_in_again() -> None:
    """Fill in the form of this page, if the same person typed into it an hour ago at most; sending it ends that."""
    if drafts.COOKIE not in request.cookies:
        return
    draft = drafts.find() if request.method in ("GET", "HEAD", "POST") else None
    if draft is None or not current_user.is_authenticated or not draft.belongs_to(current_user.id):
        return
    if request.method == "POST":
        if request.path == draft.target:
            drafts.discard()
            g.draft_cookie = ""
    elif draft.is_for_this_page:
        fill_again(draft.fields)
        g.lost_files = draft.had_files


def _tell_the_browser(response: Response) -> Response:
    """Set the cookie that opens the draft, or take it back."""
    cookie: Any = g.get("draft_cookie")
    if cookie is None:
        return response
    response.set_cookie(
        drafts.COOKIE,
        cookie,
        max_age=drafts.LASTS_SECONDS if cookie else 0,
        path="/",
        secure=str(current_app.config["PUBLIC_URL"]).startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


def page_to_come_back_to() -> str | None:
    """Where whoever signs in now left a form half done."""
    draft = drafts.find() if drafts.COOKIE in request.cookies else None
    account = browser_session().get("_user_id")
    return draft.page if draft and account and draft.belongs_to(account) else None
