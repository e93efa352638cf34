"""Queueing a mail, and composing it when it is sent.

A row in the outbox says which mail, about what, to whom. The mail itself is composed when it is sent, by the
composer that a capability registers for its message type, so that it never reports something that has changed since.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy.exc import NoResultFound

from hms import outbox
from hms.errors import NotFound
from hms.web import formats

A_MOMENT = timedelta(seconds=10)


class MailRequest(NamedTuple):
    """Which mail was asked for: about what (an appointment, a user), to which user, in which version of it."""

    message_type: str
    about: UUID
    to: UUID
    version: int
    extra: dict[str, Any]


class Mail(NamedTuple):
    """A mail as it leaves: the address, and the data that the email function's contract asks for its type."""

    to: str
    data: Mapping[str, Any]


Composer = Callable[[MailRequest], Mail]
"""Composes one mail from the present state. Raises :class:`hms.outbox.Dropped` when it no longer applies."""


def send(
    message_type: str,
    *,
    about: UUID,
    to: UUID,
    version: int = 1,
    occasion: str = "",
    due_at: datetime | None = None,
    extra: dict[str, Any] | None = None,
) -> None:
    """Queue one mail to the user ``to`` with the current transaction, to be sent from ``due_at`` on (by default now).

    ``message_type`` names a message of the email function's contract. Type, ``about``, ``to``, ``version`` and
    ``occasion`` together name this mail once and for all: queueing it again changes nothing. ``extra`` holds plain
    values that the composer will need and cannot find out later.
    """
    payload = {"type": message_type, "about": str(about), "to": str(to), "version": version, **(extra or {})}
    name = ":".join(filter(None, (message_type, str(about), str(to), str(version), occasion)))
    outbox.enqueue("email", payload, dedup_key=name, subject_id=about, due_at=due_at)


def clinic() -> dict[str, str]:
    """What every mail says of the clinic."""
    config = current_app.config
    return {
        "clinic_name": config["CLINIC_NAME"],
        "clinic_phone": formats.phone(config["CLINIC_PHONE"]),
        "emergency_line": config["EMERGENCY_LINE"],
    }


def compose_with(app: Flask, message_type: str, composer: Composer, *, has_daily_limit: bool = False) -> None:
    """Compose mails of this type with ``composer``.

    With ``has_daily_limit`` they count towards ``HMS_DAILY_MAIL_LIMIT``; what keeps an account safe does not.
    """
    app.extensions.setdefault("hms.composers", {})[message_type] = composer
    if has_daily_limit:
        app.extensions.setdefault("hms.limited_mails", set()).add(message_type)


def was_notified(request: MailRequest, *types: str) -> bool:
    """Whether a mail of these types about the same thing left for the same person, or may have.

    True also where no such mail was ever queued. Raises :class:`hms.outbox.TemporaryFailure` while one is on its way.
    """
    earlier = outbox.notified(request.about, to=request.to, types=types)
    if earlier.may_have_left:
        return True
    if earlier.being_sent:
        raise outbox.TemporaryFailure("An earlier email about this is being sent; this one follows it.", wait=A_MOMENT)
    return not earlier.ever_queued


def foresee_with(app: Flask, message_type: str, check: Callable[[MailRequest, Any], None]) -> None:
    """Let staff see beforehand whether a mail of this type will be sent.

    ``check`` gets the request and the thing that it is about, as a page has read it, and raises
    :class:`hms.outbox.Dropped` when the mail would not be sent as things stand now.
    """
    app.extensions.setdefault("hms.foreseen_mails", {})[message_type] = check


def why_not(payload: Mapping[str, Any], subject: object) -> str:
    """Why a waiting mail about ``subject`` will not be sent as things stand now; empty if it will, or nobody knows."""
    try:
        request = _read(payload)
        check = current_app.extensions.get("hms.foreseen_mails", {}).get(request.message_type)
        if check is not None:
            check(request, subject)
    except (outbox.Dropped, outbox.PermanentFailure) as reason:
        return str(reason)
    except (KeyError, TypeError, ValueError):  # it was stored in a form that whoever sends it will find unreadable
        return ""
    return ""


def compose(payload: Mapping[str, Any]) -> Mail:
    """The mail that a message's payload asks for, as things stand now.

    Raises :class:`hms.outbox.Dropped`, :class:`hms.outbox.PermanentFailure` or, where it has to wait for another mail,
    :class:`hms.outbox.TemporaryFailure`.
    """
    request = _read(payload)
    composer = current_app.extensions["hms.composers"].get(request.message_type)
    if composer is None:
        raise outbox.PermanentFailure(f"This version doesn’t know emails of type {request.message_type}.")
    try:
        return composer(request)
    except (NoResultFound, NotFound):
        raise outbox.Dropped("What it would have told of is no longer there.") from None


def _read(payload: Mapping[str, Any]) -> MailRequest:
    named = {"type", "about", "to", "version"}
    try:
        return MailRequest(
            payload["type"],
            UUID(payload["about"]),
            UUID(payload["to"]),
            int(payload["version"]),
            {name: value for name, value in payload.items() if name not in named},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise outbox.PermanentFailure("The message was stored in a form that can’t be read.") from error
