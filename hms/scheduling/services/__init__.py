"""What people do with slots and appointments. Every function here is one transaction: lock, check, change, announce."""

from hms.scheduling.services.booking import book
from hms.scheduling.services.cancelling import cancel_as_doctor, cancel_as_patient
from hms.scheduling.services.offering import SeriesResult, change_slot, delete_slot, open_series, open_slot
from hms.scheduling.services.visiting import mark_arrived, mark_fulfilled, mark_noshow, undo

__all__ = [
    "SeriesResult",
    "book",
    "cancel_as_doctor",
    "cancel_as_patient",
    "change_slot",
    "delete_slot",
    "mark_arrived",
    "mark_fulfilled",
    "mark_noshow",
    "open_series",
    "open_slot",
    "undo",
]
