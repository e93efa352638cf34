"""Blocking: a doctor keeps one time from patients, and opens it again."""

from uuid import UUID

from hms import clock
from hms.auth.models import Doctor
from hms.availability import queries
from hms.availability.models import BlockedBy, Slot, SlotStatus
from hms.availability.refusals import BlockedElsewhere, SlotInPast, SlotNotFree
from hms.availability.services.planning import days_of, lock_offer, reconcile
from hms.db import transaction

BOOKED = (SlotStatus.BUSY, SlotStatus.BUSY_TENTATIVE)


def block_slot(slot_id: UUID, *, doctor: Doctor) -> Slot:
    """Keep a time that nobody has booked from patients, whatever else would open it again.

    Blocking it again changes nothing. Raises :class:`SlotNotFree`, :class:`SlotInPast`, ``NotFound``.
    """
    with transaction() as session:
        lock_offer(session, doctor.id)
        slot = _lock_to_come(slot_id, doctor)
        if slot.status in BOOKED:
            raise SlotNotFree
        slot.status, slot.blocked_by = SlotStatus.BUSY_UNAVAILABLE, BlockedBy.DOCTOR
    return slot


def unblock_slot(slot_id: UUID, *, doctor: Doctor) -> Slot | None:
    """Take one's own block back; what the plan says then is the answer: the slot, or None where it plans none any more.

    Opening a free time changes nothing. Raises :class:`BlockedElsewhere` for what time off, a closure or another
    calendar blocks, :class:`SlotNotFree`, :class:`SlotInPast`, ``NotFound``.
    """
    with transaction() as session:
        lock_offer(session, doctor.id)
        slot = _lock_to_come(slot_id, doctor)
        if slot.status in BOOKED:
            raise SlotNotFree
        if slot.blocked_by not in (None, BlockedBy.DOCTOR):
            raise BlockedElsewhere
        slot.status, slot.blocked_by = SlotStatus.FREE, None
        session.flush()
        reconcile(session, doctor.id, only=days_of(slot.starts_at, slot.ends_at))
        return queries.find_slot(slot_id)


def _lock_to_come(slot_id: UUID, doctor: Doctor) -> Slot:
    slot = queries.lock_slot(slot_id, doctor=doctor)
    if slot.starts_at <= clock.now():
        raise SlotInPast
    return slot
