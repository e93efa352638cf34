"""The booking page as a test uses it: sent once more, sent late, sent with another key."""

from hms.availability.models import BlockedBy, Slot, SlotStatus
from hms.db import db, transaction
from hms.scheduling.models import Appointment
from tests import make

THE_SAME_KEY = "the-same-key-again"


def appointments() -> list[Appointment]:
    return list(db.session.scalars(db.select(Appointment).execution_options(populate_existing=True)))


def post(client, slot, *, reason="", key=THE_SAME_KEY, **more):
    """Send the booking form as a browser that loaded the page earlier."""
    path = client.url("patient.book", slot_id=slot.id)
    return client.post(path, data={"csrf_token": client.csrf_token(), "reason": reason, "idempotency_key": key, **more})


def key_on(page) -> str:
    """The key that the page's booking form carries."""
    return next(form.values["idempotency_key"] for form in page.forms if "idempotency_key" in form.names)


def open_times(doctor, day, *starts):
    """A free time of the doctor's at each of these times on the wall."""
    return [make.slot(doctor, day=day, start=start) for start in starts]


def block(slot) -> None:
    """Keep a time from patients, as a doctor does."""
    with transaction() as session:
        kept = session.get(Slot, slot.id, populate_existing=True)
        kept.status, kept.blocked_by = SlotStatus.BUSY_UNAVAILABLE, BlockedBy.DOCTOR


def offer_as(slot, mode: str):
    """Let a time be for visits of this kind: in-person, online or both."""
    with transaction() as session:
        session.get(Slot, slot.id, populate_existing=True).mode = mode
    return slot
