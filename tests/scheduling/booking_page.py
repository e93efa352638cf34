"""The booking page as a test uses it: sent once more, sent late, sent with another key."""

from hms.db import db
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
