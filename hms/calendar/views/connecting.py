"""The user's Google account: how it stands, connecting it, coming back from Google, letting go of it."""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms.auth import services as accounts
from hms.auth.models import User
from hms.auth.queries import Account
from hms.calendar import google, queries
from hms.calendar.forms import ConnectForm
from hms.calendar.google import oauth, scopes
from hms.calendar.google.errors import GoogleTrouble, Refused
from hms.calendar.models import CalendarConnection, ConnectionStatus
from hms.calendar.services import connections
from hms.calendar.views import flows
from hms.calendar.views.blueprint import bp
from hms.config.google import is_google
from hms.errors import Refusal
from hms.forms import HmsForm
from hms.web import headers, query_params, render

LONGEST_CODE = 4096
"""Of what Google sends along, in characters; its codes have some hundred."""


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
        "We won’t add anything else to your Google Calendar. Events already there stay until you delete them.",
    ),
    News.DENIED: (
        "warn",
        "You didn’t give permission at Google",
        "Your calendar isn’t connected. Nothing has changed here.",
    ),
    News.OTHER_FLOW: (
        "warn",
        "Start again from this page",
        "The request expired, was started somewhere else, or your password has changed. Your calendar isn’t connected.",
    ),
    News.REFUSED: ("bad", "Google didn’t connect your calendar", "Nothing has changed here. Start again."),
    News.LATER: ("bad", "Google didn’t answer", "Nothing has changed here. Try again in a few minutes."),
    News.NO_CALENDAR: ("warn", connections.NoCalendar.title, connections.NoCalendar.message),
    News.NOT_LASTING: ("warn", connections.NotLasting.title, connections.NotLasting.message),
    News.NOT_CONNECTED: ("", connections.AlreadyEnded.title, connections.AlreadyEnded.message),
}


@bp.get("/calendar/status")
def status() -> ResponseReturnValue:
    """How the calendar of the user stands, and what can be done about it."""
    return status_page(form=ConnectForm())


def status_page(*, form: HmsForm) -> Response:
    """The page with the form that was sent, or with the one for connecting."""
    connection = queries.find_live_connection(current_user.id) if google.is_on() else None
    page = render(
        "calendar/status.html",
        form=form,
        is_on=google.is_on(),
        is_demonstration=not _is_google(),
        connection=connection,
        connect_form=form if isinstance(form, ConnectForm) else ConnectForm(formdata=None),
        permissions=_permissions(connection),
        news=_news(),
    )
    return _may_lead_to_google(make_response(page))


@bp.route("/calendar/connect", methods=["GET", "POST"])
def connect() -> ResponseReturnValue:
    """Send the browser to Google's consent page, for somebody who knows the password of the account."""
    form = ConnectForm()
    if not google.is_on() or not form.is_submitted():
        return redirect(url_for(".status"), 303)
    if form.validate():
        try:
            proved_hash = accounts.prove_password(current_user, form.password.data or "")
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(_consent_address(proved_hash), 303)
    return status_page(form=form)


def _consent_address(proved_hash: str) -> str:
    connection = queries.find_live_connection(current_user.id)
    flow = flows.begin(current_user, proved_hash=proved_hash)
    return oauth.consent_address(
        scopes=scopes.asked_of(current_user),
        state=flow.state,
        verifier=flow.verifier,
        nonce=flow.nonce,
        email=connection.google_email if connection else "",
    )


@bp.get("/calendar/callback", access="public")  # it comes from Google, and sends to sign in without its address
def callback() -> ResponseReturnValue:
    """Back from Google. Its answer counts once, in the browser and for the person that asked for it."""
    if not current_user.is_authenticated:
        return redirect(url_for("auth.login", next=url_for(".status")), 303)
    if request.method == "HEAD":  # who only looks uses nothing up
        return redirect(url_for(".status"), 303)
    return _with_news(_came_back(flows.take(current_user, query_params.word("state", longest=LONGEST_CODE))))


def _came_back(taken: tuple[flows.Flow, str] | None) -> News:
    if taken is None:
        return News.OTHER_FLOW
    if error := query_params.word("error", longest=LONGEST_CODE):
        return News.DENIED if error == "access_denied" else News.REFUSED
    flow, proved_hash = taken
    code, ours = query_params.word("code", longest=LONGEST_CODE), {"verifier": flow.verifier, "nonce": flow.nonce}
    try:
        connections.link(current_user, code, **ours, proved_hash=proved_hash)
    except GoogleTrouble as trouble:
        return News.REFUSED if isinstance(trouble, Refused) else News.LATER
    except (connections.NoCalendar, connections.NotLasting) as refusal:
        return News(refusal.code)
    except (accounts.WrongPassword, accounts.Unverified):
        return News.OTHER_FLOW
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
    return WORDS.get(query_params.word("news"))


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
    """This page's form may end at the consent page: a browser applies ``form-action`` to redirects too."""
    parts = urlsplit(current_app.config["GOOGLE_AUTH_URL"])
    csp = {**headers.CSP, "form-action": f"'self' {parts.scheme}://{parts.netloc}"}
    response.headers["Content-Security-Policy"] = headers.csp_text(csp)
    return response
