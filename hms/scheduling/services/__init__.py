"""What people do with appointments. Every function here is one transaction: lock, check, change, announce."""

from hms.scheduling.services.booking import book, book_as_staff, forget_refusals
from hms.scheduling.services.cancelling import cancel_as_clinic, cancel_as_doctor, cancel_as_patient
from hms.scheduling.services.leaving import VisitsToCome
from hms.scheduling.services.moving import NewTime, move_as_doctor, move_as_patient, move_as_staff
from hms.scheduling.services.visiting import mark_arrived, mark_arrived_at_desk, mark_fulfilled, mark_noshow, undo

__all__ = [
    "NewTime",
    "VisitsToCome",
    "book",
    "book_as_staff",
    "cancel_as_clinic",
    "cancel_as_doctor",
    "cancel_as_patient",
    "forget_refusals",
    "mark_arrived",
    "mark_arrived_at_desk",
    "mark_fulfilled",
    "mark_noshow",
    "move_as_doctor",
    "move_as_patient",
    "move_as_staff",
    "undo",
]
