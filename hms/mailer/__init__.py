"""The only way that mail leaves: rows of kind ``email`` in the outbox, and the AWS Lambda that sends them.

A capability queues a mail in the transaction of the change that it reports (:func:`send`), and registers the function
that composes it when it is sent (:func:`compose_with`). The worker has the Lambda function send it. Without such a
function mail is off: queued mails wait, pages say so, and everything else works.
"""

from flask import Flask, current_app

from hms import outbox
from hms.mailer.bouncing import end_mark, find_unreachable, know_addresses_with
from hms.mailer.composing import Composer, Mail, MailRequest, clinic, compose_with, foresee_with, send, was_notified
from hms.mailer.sending import deliver
from hms.mailer.timeline import messages_about
from hms.mailer.trouble import address_comes_back, troubles
from hms.web import panels

__all__ = [
    "Composer",
    "Mail",
    "MailRequest",
    "clinic",
    "compose_with",
    "end_mark",
    "find_unreachable",
    "foresee_with",
    "init_app",
    "is_on",
    "know_addresses_with",
    "send",
    "was_notified",
]


def init_app(app: Flask) -> None:
    """Deliver mail if there is a function for it; show staff the messages at the place ``messages``, and at ``staff``
    what keeps mail from leaving.
    """
    from hms.mailer import cli  # noqa: F401  # adds its commands to `flask outbox`

    if app.config["EMAIL_FUNCTION"]:
        outbox.register(app, "email", deliver)
    app.add_template_global(is_on, "email_is_on")
    panels.register(app, "messages", messages_about)
    panels.register(app, "staff", troubles)
    panels.register(app, "home", address_comes_back)


def is_on() -> bool:
    """Whether mail leaves at all."""
    return bool(current_app.config["EMAIL_FUNCTION"])
