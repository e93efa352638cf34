"""The private feed: what calendar programs fetch, and the place where its owner gets an address or a new one."""

import hashlib

from flask import Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import clock
from hms.auth.models import User
from hms.auth.queries import Account
from hms.calendar import ics, queries
from hms.calendar.services import feeds
from hms.calendar.views.door import bp
from hms.errors import NotFound
from hms.web.links import public_url

NEW_ADDRESS = "calendar_feed"
"""Where the session keeps a new token until the next page has shown it."""


@bp.get("/calendar/feed/<token>.ics")
def feed(token: str) -> Response:
    """The appointments of whoever has this address, as one calendar; nobody is signed in by it, and nothing changes."""
    user = queries.find_feeds_user(feeds.hash_of(token))
    if user is None:
        raise NotFound
    content = ics.feed(user, queries.list_for_feed(user, since=clock.now() - feeds.KEPT_FOR))
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    response.make_conditional(request)
    return response


@bp.post("/calendar/feed")
def make_feed() -> ResponseReturnValue:
    """Make the feed's address, or a new one in place of it."""
    session[NEW_ADDRESS] = feeds.make_feed(current_user)
    return redirect(url_for(".status", _anchor="feed"), 303)


def private_feed(user: User | Account) -> str:
    """The panel with the feed: its address only right after it was made, as nobody can read it out again."""
    token = session.pop(NEW_ADDRESS, None)
    address = public_url("calendar.feed", token=token) if token else ""
    return render_template("calendar/_feed.html", feed=queries.find_feed(user.id), address=address)
