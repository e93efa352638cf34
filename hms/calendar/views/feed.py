"""The private feed: what calendar programs fetch, and the place where its owner gets an address or a new one."""

import hashlib
from datetime import datetime
from pathlib import Path

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import clock, throttle
from hms.auth import services as accounts
from hms.auth.models import User
from hms.auth.queries import Account
from hms.calendar import ics, queries
from hms.calendar.forms import FeedForm
from hms.calendar.queries import FeedOwner
from hms.calendar.services import feeds
from hms.calendar.views.blueprint import bp
from hms.calendar.views.connecting import status_page
from hms.errors import NotFound, Refusal
from hms.forms import HmsForm
from hms.throttle import rules
from hms.web.fragment_cache import FragmentCache
from hms.web.links import public_url

MADE_BY = hashlib.sha256(Path(ics.__file__).read_bytes()).hexdigest()
"""A version that writes feeds differently has other marks for them."""

TOLD_BY_SETTINGS = ("CLINIC_NAME", "CLINIC_PHONE", "CLINIC_COUNTRY", "PUBLIC_URL", "CALENDAR_DETAILS", "REMINDER_HOURS")

_written = FragmentCache()
"""Feeds by their mark: a program that asks without naming what it has costs no more than one that does."""


@bp.get("/calendar/feed/<token>.ics", access="public")
def feed(token: str) -> Response:
    """The appointments of whoever has this address, as one calendar; nobody is signed in by it, and nothing changes.

    Whether it has changed is known before it is put together.
    """
    throttle.count(rules.FEED, account=token)
    since = clock.now() - feeds.KEPT_FOR
    owner = queries.find_feed_owner(feeds.hash_of(token), since=since)
    if owner is None:
        raise NotFound
    mark = _mark(owner)
    is_known = mark in request.if_none_match
    response = Response("" if is_known else _content(owner, mark, since), content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(mark)
    response.make_conditional(request)
    return response


def _mark(owner: FeedOwner) -> str:
    settings = [current_app.config[name] for name in TOLD_BY_SETTINGS]
    return hashlib.sha256(repr((owner.user.id, owner.mark, settings, MADE_BY)).encode()).hexdigest()[:32]


def _content(owner: FeedOwner, mark: str, since: datetime) -> str:
    return _written.get(mark, lambda: ics.feed(owner.user, queries.list_for_feed(owner.user, since=since)).decode())


@bp.route("/calendar/feed", methods=["GET", "POST"])
def make_feed() -> ResponseReturnValue:
    """Make the feed's address, or a new one in place of it, and show it in this very answer: it is kept nowhere."""
    form = FeedForm()
    if not form.is_submitted():
        return redirect(url_for(".status", _anchor="feed"), 303)
    if form.validate():
        try:
            proved_hash = accounts.prove_password(current_user, form.password.data or "")
            g.new_feed = feeds.make_feed(current_user, proved_hash=proved_hash)
        except Refusal as refusal:
            form.reject(refusal)
    return status_page(form=form)


def private_feed(user: User | Account, form: HmsForm | None = None) -> str:
    """The panel with the feed: its address only where it was just made, as nobody can read it out again."""
    token = g.get("new_feed")
    return render_template(
        "calendar/_feed.html",
        feed=queries.find_feed(user.id),
        address=public_url("calendar.feed", token=token) if token else "",
        form=form if isinstance(form, FeedForm) and not token else FeedForm(formdata=None),
        user=user,
    )
