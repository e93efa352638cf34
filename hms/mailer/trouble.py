"""What keeps mail from leaving, in words for staff."""

from datetime import timedelta
from typing import Any, NamedTuple

from flask import current_app, render_template

from hms import clock, outbox
from hms.mailer import bouncing
from hms.outbox import Fault, MessageStatus, Trouble

LATELY = timedelta(days=7)
MAX_SHOWN = 20


class Notice(NamedTuple):
    """One box: its colour, its title, and sentences about what happens and what to do."""

    kind: str
    title: str
    sentences: tuple[str, ...]


def troubles(subject: object) -> str:
    """The panel about mail that does not leave; empty while all mail leaves."""
    found = outbox.list_troubles("email", given_up_since=clock.now() - LATELY)
    notices = [notice for trouble in found if (notice := _notice(trouble))]
    unreachable = bouncing.list_unreachable(limit=MAX_SHOWN + 1)
    if not notices and not unreachable:
        return ""
    shown, more = unreachable[:MAX_SHOWN], len(unreachable) > MAX_SHOWN
    return render_template("mailer/_troubles.html", notices=notices, unreachable=shown, more=more)


def address_comes_back(user: Any) -> str:
    """The panel for a person whose emails do not arrive; empty while they do."""
    mark = bouncing.find_unreachable(user.email) if current_app.config["EMAIL_FUNCTION"] else None
    return render_template("mailer/_comes_back.html", mark=mark) if mark else ""


def _notice(trouble: Trouble) -> Notice | None:
    number = f"{trouble.number} email{'' if trouble.number == 1 else 's'}"
    if trouble.status == MessageStatus.DEAD:
        title = f"{number} couldn’t be sent this week"
        advice = "Call the patient if the appointment is soon. The command flask outbox list --status dead shows which."
        return Notice("warn", title, (trouble.error, advice))
    waiting = f"{number} waiting. Each is tried for up to 3 days."
    if trouble.fault == Fault.OURS:
        advice = "Someone has to correct the email settings; then everything that waits is sent."
        title = "Emails aren’t being sent: our own email settings are wrong"
        return Notice("bad", title, (trouble.error, waiting, advice))
    if trouble.fault == Fault.SERVER:
        return Notice("warn", "The mail server isn’t answering", (trouble.error, waiting))
    if trouble.fault == Fault.LIMIT:
        return Notice("warn", f"{number} held back", (trouble.error,))
    return None
