"""Mail to administrators when the audit log tells of something that should not wait until somebody looks."""

from datetime import timedelta

from flask import Flask, current_app

from hms import audit, clock, mailer, outbox, worker
from hms.activity import queries
from hms.audit.queries import count_lately
from hms.audit.verifying import verify
from hms.auth.queries import get_user
from hms.db import transaction
from hms.mailer import Mail, MailRequest
from hms.web.links import public_url

MANY = 50
"""So many failed sign-ins in :data:`WHILE` are told of: more than people mistype, fewer than a guesser needs."""

WHILE = timedelta(minutes=15)
VERIFY_SECONDS = 24 * 60 * 60
ALERT = "SECURITY_ALERT"


def init_app(app: Flask) -> None:
    """Compose the mail, and check the chain every day."""
    mailer.compose_with(app, ALERT, _mail)
    worker.every(VERIFY_SECONDS, "verify the audit log", check_chain)


def watch() -> None:
    """Tell of many failed sign-ins and of emergency access, once an hour each however long it lasts."""
    if count_lately("sign-in-failed", within=WHILE) >= MANY:
        _tell("failed_sign_ins")
    if count_lately("emergency-access", within=WHILE):
        _tell("emergency_access")


def check_chain() -> None:
    """Tell, every day, if the log is not as it was written; the log of the program says what was found."""
    verdict = verify()
    for fault in verdict.faults:
        current_app.logger.error("audit: %s", fault)
    current_app.logger.info("audit: the chain ends at %s", verdict.head)
    if verdict.faults:
        _tell("chain_broken")


def _tell(what: str) -> None:
    hour = clock.now().replace(minute=0, second=0, microsecond=0).isoformat()
    with transaction():
        if what == "chain_broken":
            audit.record("chain-broken")
        for administrator_id in queries.list_administrators():
            occasion = f"{what}:{hour}"
            mailer.send(ALERT, about=administrator_id, to=administrator_id, occasion=occasion, extra={"what": what})


def _mail(request: MailRequest) -> Mail:
    user = get_user(request.to)
    if not user.is_active:
        raise outbox.Dropped("The account is closed.")
    what, page = request.extra["what"], public_url("activity_log.log")
    return Mail(user.email, {**mailer.clinic(), "recipient_name": user.full_name, "what": what, "action_url": page})
