"""What scheduling says before an account is closed: who is booked, and how that ends."""

from collections.abc import Sequence
from contextlib import suppress

from hms.auth.models import User
from hms.auth.obligations import Obligation
from hms.errors import NotFound
from hms.scheduling import queries
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.refusals import MoveNotAllowed
from hms.scheduling.services.cancelling import cancel_as_clinic
from hms.web import formats

BATCH = 50


class VisitsToCome:
    """The appointments that a person still has (:class:`hms.auth.obligations.Provider`)."""

    def count(self, user: User) -> int:
        """How many there are."""
        return queries.count_to_come_of(user)

    def first(self, user: User, *, limit: int) -> Sequence[Obligation]:
        """The first of them, those with a patient who is here before all others."""
        return [_obligation(appointment, user) for appointment in queries.list_to_come_of(user, limit=limit)]

    def end_some(self, user: User, *, reason: str) -> int:
        """Cancel the next ones, each in a transaction of its own; one that was marked meanwhile is left."""
        ended = 0
        for appointment_id in queries.ids_to_cancel_of(user, limit=BATCH):
            with suppress(MoveNotAllowed, NotFound):
                cancel_as_clinic(appointment_id, reason=reason)
                ended += 1
        return ended


def _obligation(appointment: Appointment, user: User) -> Obligation:
    other = appointment.patient.user if appointment.doctor.user_id == user.id else appointment.doctor.user
    reference = formats.reference(appointment.reference)
    is_here = appointment.status == AppointmentStatus.ARRIVED
    line = f"{formats.moment(appointment.starts_at)}, {other.full_name}, {reference}"
    return Obligation(f"{line}, is here now" if is_here else line, can_be_ended=not is_here)
