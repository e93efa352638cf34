"""News of scheduling. Every signal is sent inside the transaction that makes it true, with the appointment as sender.

A receiver may write rows (a message in the outbox); what it raises undoes the change. Connect module-level functions
only: blinker holds receivers weakly.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from blinker import Namespace

_news = Namespace()

appointment_booked = _news.signal("appointment-booked")
appointment_moved = _news.signal("appointment-moved")
"""Comes with ``left``, the :class:`Left` that says with whom the appointment was, and when."""

appointment_cancelled = _news.signal("appointment-cancelled")


class Left(NamedTuple):
    """The time with another doctor that an appointment had before it was moved."""

    doctor_id: UUID
    doctor_user_id: UUID
    starts_at: datetime
    ends_at: datetime

    def as_stored(self) -> dict[str, str]:
        """What a message keeps of it."""
        times = {"starts_at": self.starts_at.isoformat(), "ends_at": self.ends_at.isoformat()}
        return {"doctor_id": str(self.doctor_id), **times}
