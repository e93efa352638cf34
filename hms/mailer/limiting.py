"""The limit of mails for one person in a day; the rest waits, which staff can see."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import current_app

from hms import clock, outbox
from hms.outbox import Fault

A_DAY = timedelta(days=1)


def check(payload: Mapping[str, Any]) -> None:
    """Raise :class:`hms.outbox.TemporaryFailure` if the person has had all mails that the limit allows for a day."""
    limit, types = current_app.config["DAILY_MAIL_LIMIT"], current_app.extensions.get("hms.limited_mails", set())
    if not limit or payload["type"] not in types:
        return
    now = clock.now()
    sent_at = outbox.nth_latest(limit, to=payload["to"], types=types, since=now - A_DAY)
    if sent_at is not None:
        sentence = f"This person has had {limit} emails in 24 hours, so this one waits."
        raise outbox.TemporaryFailure(sentence, wait=sent_at + A_DAY - now, fault=Fault.LIMIT)
