"""A page for demonstrations: what stands in the calendars, and what their owners do: add an event, end the access."""

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.standins.google.consent import PAGE
from tests.standins.google.rules import span_of
from tests.standins.google.wire import Answer, Refused, Request, as_html, to

if TYPE_CHECKING:
    from tests.standins.google.server import Google

ZONE = ZoneInfo("Europe/London")  # the demo clinic's


def show(google: "Google") -> Answer:
    """The events of each account."""
    return as_html(PAGE.format(title="Calendars of the demonstration", body="".join(map(_of, _accounts(google)))))


def act(google: "Google", request: Request) -> Answer:
    """Do what an account's owner has pressed. Raises :class:`Refused`."""
    form = request.form
    if form.get("act") == "revoke" and form.get("account") in google.accounts:
        google.revoke_grant(form["account"])
    else:
        _add(google, form)
    return to("/board")


def _add(google: "Google", form: dict[str, str]) -> None:
    try:
        starts_at, ends_at = (
            datetime.fromisoformat(f"{form['day']}T{form[name]}").replace(tzinfo=ZONE).astimezone(UTC)
            for name in ("start", "end")
        )
        google.add_event(form["account"], starts_at, ends_at, summary=form["summary"] or "Private")
    except (KeyError, ValueError):
        raise Refused(400, "invalid_request", "Fill in the day and both times.") from None


def _accounts(google: "Google") -> list[tuple[str, list[dict[str, object]]]]:
    return [(email, google.events(email)) for email in google.accounts]


def _of(account: tuple[str, list[dict[str, object]]]) -> str:
    email, events = account
    rows = "".join(map(_row, events)) or "<tr><td>Nothing</td></tr>"
    fields = "".join(
        f'<label>{label} <input type="{kind}" name="{name}" required></label>'
        for label, kind, name in (("Day", "date", "day"), ("From", "time", "start"), ("To", "time", "end"))
    )
    return (
        f"<h2>{escape(email)}</h2><table>{rows}</table>"
        f'<form method="post" action="/board"><input type="hidden" name="account" value="{escape(email)}">{fields}'
        '<label>What <input name="summary"></label><button>Add an event of my own</button></form>'
        f'<form method="post" action="/board"><input type="hidden" name="account" value="{escape(email)}">'
        '<button name="act" value="revoke">Take the clinic’s access away</button></form>'
    )


def _row(event: dict[str, object]) -> str:
    starts_at, ends_at = (moment.astimezone(ZONE) for moment in span_of(event))
    words = [f"{starts_at:%a %d %b %Y, %H:%M}–{ends_at:%H:%M}", str(event.get("summary", ""))]
    return "<tr>" + "".join(f"<td>{escape(word)}</td>" for word in words) + "</tr>"
