"""The user's Google account: how it stands, connecting it, coming back from Google, letting go of it."""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms.auth.models import User
from hms.auth.queries import Account
from hms.calendar import google, queries
from hms.calendar.google import oauth, scopes
from hms.calendar.google.errors import GoogleTrouble, Refused
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import connections
from hms.calendar.views import flows
from hms.calendar.views.door import bp
from hms.config.google import is_google
from hms.web import headers, render


class News(StrEnum):
    """What the status page says of the step that led to it; the value stands in its address."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    DENIED = "denied"
    OTHER_FLOW = "other-flow"
    REFUSED = "refused"
    LATER = "later"
    NO_CALENDAR = "no-calendar"
    NOT_LASTING = "not-lasting"
    NOT_CONNECTED = "not-connected"


WORDS: Mapping[str, tuple[str, str, str]] = {
    News.CONNECTED: ("ok", "Connected", "Your appointments will be in your Google Calendar within a minute."),
    News.DISCONNECTED: (
        "ok",
        "Disconnected",
        "Nothing more is written to your Google Calendar. What is in it already stays there; you can delete it there.",
    ),
    News.DENIED: ("warn", "You said no at Google", "Nothing was connected, and nothing has changed here."),
    News.OTHER_FLOW: (
        "warn",
        "Start again from this page",
        "It took longer than 10 minutes, or it was begun in another place. Nothing was connected.",
    ),
    News.REFUSED: ("bad", "Google did not connect your calendar", "Nothing has changed here. Start again."),
    News.LATER: ("bad", "Google did not answer", "Nothing has changed here. Try again in a few minutes."),
    News.NO_CALENDAR: ("warn", connections.NoCalendar.title, connections.NoCalendar.message),
    News.NOT_LASTING: ("warn", connections.NotLasting.title, connections.NotLasting.message),
    News.NOT_CONNECTED: ("", connections.AlreadyEnded.title, connections.AlreadyEnded.message),
}


@bp.get("/calendar/status")
def status() -> ResponseReturnValue:
    """How the calendar of the user stands, and what can be done about it."""
    connection = queries.find_live_connection(current_user.id) if google.is_on() else None
    page = render(
        "calendar/status.html",
        is_on=google.is_on(),
        is_demonstration=not _is_google(),
        connection=connection,
        permissions=_permissions(connection),
        news=_news(),
    )
    return _may_lead_to_google(make_response(page))


@bp.post("/calendar/connect")
def connect() -> ResponseReturnValue:
    """Send the browser to Google's consent page."""
    if not google.is_on():
        return redirect(url_for(".status"), 303)
    connection = queries.find_live_connection(current_user.id)
    flow = flows.begin(current_user)
    address = oauth.consent_address(
        scopes=scopes.asked_of(current_user),
        state=flow.state,
        verifier=flow.verifier,
        nonce=flow.nonce,
        email=connection.google_email if connection else "",
    )
    return redirect(address, 303)


@bp.get("/calendar/callback")
def callback() -> ResponseReturnValue:
    """Back from Google. Its answer counts once, in the browser and for the person that asked for it."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.login", next=url_for(".status")), 303)
    flow = flows.take(current_user, request.args.get("state", ""))
    return _with_news(_came_back(flow))


def _came_back(flow: flows.Flow | None) -> News:
    if flow is None:
        return News.OTHER_FLOW
    if error := request.args.get("error"):
        return News.DENIED if error == "access_denied" else News.REFUSED
    try:
        connections.link(current_user, request.args.get("code", ""), verifier=flow.verifier, nonce=flow.nonce)
    except GoogleTrouble as trouble:
        return News.REFUSED if isinstance(trouble, Refused) else News.LATER
    except (connections.NoCalendar, connections.NotLasting) as refusal:
        return News(refusal.code)
    return News.CONNECTED


@bp.post("/calendar/disconnect")
def disconnect() -> ResponseReturnValue:
    """Let go of the account, here and at Google."""
    try:
        connections.disconnect(current_user)
    except connections.AlreadyEnded:
        return _with_news(News.NOT_CONNECTED)
    return _with_news(News.DISCONNECTED)


def stopped(user: User | Account) -> str:
    """The panel that says that the calendar has stopped, with the way to connect it again; nothing while it works."""
    connection = queries.find_live_connection(user.id) if google.is_on() else None
    if connection is None or connection.status != ConnectionStatus.BROKEN:
        return ""
    return render_template("calendar/_stopped.html")


def _with_news(news: News) -> Response:
    """To the status page. Nobody is told the address that this comes from: it may hold Google's answer."""
    response = make_response(redirect(url_for(".status", news=news.value), 303))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _news() -> tuple[str, str, str] | None:
    return WORDS.get(request.args.get("news", ""))


def _permissions(connection: CalendarConnection | None) -> list[tuple[str, bool]]:
    """What was asked for, in words, and whether it was given."""
    if connection is None:
        return []
    asked = scopes.asked_of(current_user).split()
    return [
        (words, scopes.granted(connection.scopes, scope)) for scope, words in scopes.WORDS.items() if scope in asked
    ]


def _is_google() -> bool:
    return is_google("GOOGLE_AUTH_URL", current_app.config["GOOGLE_AUTH_URL"])


def _may_lead_to_google(response: Response) -> Response:
    """This page's form may end at the consent page: a browser holds a form to its policy through all redirects."""
    parts = urlsplit(current_app.config["GOOGLE_AUTH_URL"])
    policy = {**headers.POLICY, "form-action": f"'self' {parts.scheme}://{parts.netloc}"}
    response.headers["Content-Security-Policy"] = headers.policy_text(policy)
    return response
