"""Mail that came back: the message says so, and the address is marked until its owner proves it again."""

from collections.abc import Callable
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from hms import clock
from hms.db import db, transaction
from hms.errors import NotFound
from hms.mailer import reports, tags
from hms.mailer.models import UnreachableAddress
from hms.outbox import Fault, MessageStatus, OutboxMessage

MAX_LISTED = 100

FindAddress = Callable[[UUID], str | None]


def know_addresses_with(app: Flask, find_address: FindAddress) -> None:
    """Learn from ``find_address`` which address a user has now; None for nobody's id."""
    app.extensions["hms.find_address"] = find_address


def take_report(raw: bytes) -> str:
    """Process a report that a mail of ours did not arrive; answers a sentence for whoever handed it in.

    Raises :class:`hms.errors.Invalid` for what is no such report, and :class:`hms.errors.NotFound` for one that is not
    about a mail of ours. The same report again changes nothing.
    """
    report = reports.read(raw)
    for tag in tags.tags_in(report.text):
        message, address = _find(tag)
        if message is None or address is None or not tags.is_ours(tag, to=address):
            continue
        if not report.is_final:
            return "The email may still arrive. Nothing was changed."
        _mark_both(message, address, status=report.status)
        return f"The email came back. Its address is marked as unreachable: {address}"
    raise NotFound("It names no email of ours, or the address has been changed since. Nothing was changed.")


def _find(tag: str) -> tuple[OutboxMessage | None, str | None]:
    message = db.session.get(OutboxMessage, tags.message_id_of(tag))
    to = message.payload.get("to") if message is not None and isinstance(message.payload, dict) else None
    try:
        return message, current_app.extensions["hms.find_address"](UUID(str(to)))
    except ValueError:
        return message, None


def _mark_both(message: OutboxMessage, address: str, *, status: str) -> None:
    reason = f"The recipient's mail server sent it back{f' ({status})' if status else ''}."
    mine = OutboxMessage.id == message.id
    came_back = update(OutboxMessage).where(mine, OutboxMessage.status == MessageStatus.SENT)
    with transaction() as session:
        session.execute(came_back.values(fault=Fault.BOUNCED, last_error=reason))
        mark(address, reason)


def mark(address: str, reason: str) -> None:
    """Mark an address as unreachable; one that is marked already keeps its day."""
    values = {"email": address.lower(), "since_at": clock.now(), "reason": reason[:300]}
    with transaction() as session:
        session.execute(insert(UnreachableAddress).values(values).on_conflict_do_nothing())


def end_mark(address: str) -> bool:
    """Take an address as reachable again; whether it was marked."""
    with transaction() as session:
        gone = session.execute(delete(UnreachableAddress).where(UnreachableAddress.email == address.lower()))
    return bool(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def list_unreachable(*, limit: int = MAX_LISTED) -> list[UnreachableAddress]:
    """The addresses that mail comes back from, the latest first."""
    latest_first = select(UnreachableAddress).order_by(UnreachableAddress.since_at.desc(), UnreachableAddress.email)
    return list(db.session.scalars(latest_first.limit(limit)))


def find_unreachable(address: str) -> UnreachableAddress | None:
    """The row of an unreachable address; None for any other address."""
    return db.session.get(UnreachableAddress, address.lower(), populate_existing=True)
