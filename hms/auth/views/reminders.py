"""Switching reminders off by a link in a mail: a page with a button, and one click in a mail program (RFC 8058)."""

from flask import Response
from flask.typing import ResponseReturnValue

from hms import areas
from hms.auth import services
from hms.web import render
from hms.web.tokens import csrf

bp = areas.blueprint("public", "reminders", __name__)


@bp.after_request
def _tell_nobody_the_address(response: Response) -> Response:
    """The page's address holds the token: no other page is told where its visitor came from."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("/reminders/off/<token>")
def off(token: str) -> ResponseReturnValue:
    """The page with the button. It changes nothing: mail programs and scanners follow links by themselves."""
    services.check_stop_reminders(token)
    return render("reminders/off.html", is_off=False)


@bp.post("/reminders/off/<token>")
@csrf.exempt  # the token in the address is the proof, and mail programs send no other
def stop(token: str) -> ResponseReturnValue:
    """Switch them off. Mail programs want a page and no redirect (RFC 8058, 3.1)."""
    services.stop_reminders(token)
    return render("reminders/off.html", is_off=True)
