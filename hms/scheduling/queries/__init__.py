"""What scheduling reads. ``get_`` raises ``NotFound``, ``find_`` may be none, ``list_`` is a list."""

from hms.scheduling.queries.agenda import AgendaItem, agenda
from hms.scheduling.queries.appointments import PAGE as APPOINTMENTS_ON_A_PAGE
from hms.scheduling.queries.appointments import (
    count_appointments,
    count_matching,
    find_earlier_booking,
    get_appointment,
    has_changed_since,
    is_busy,
    list_appointments,
    list_changes,
    list_matching,
    load_appointment,
    load_doctor,
    lock_any_appointment,
    lock_appointment,
    lock_doctor_of,
    next_appointment,
)
from hms.scheduling.queries.booking import (
    SlotToBook,
    Standing,
    count_cancelled_lately,
    count_with_doctor,
    get_slot_to_book,
    lock_account,
    lock_patient,
    lock_patient_by_id,
    standing,
)
from hms.scheduling.queries.leaving import count_to_come_of, ids_to_cancel_of, list_to_come_of
from hms.scheduling.queries.moving import count_changes_by
from hms.scheduling.queries.today import Today, today

__all__ = [
    "APPOINTMENTS_ON_A_PAGE",
    "AgendaItem",
    "SlotToBook",
    "Standing",
    "Today",
    "agenda",
    "count_appointments",
    "count_cancelled_lately",
    "count_changes_by",
    "count_matching",
    "count_to_come_of",
    "count_with_doctor",
    "find_earlier_booking",
    "get_appointment",
    "get_slot_to_book",
    "has_changed_since",
    "ids_to_cancel_of",
    "is_busy",
    "list_appointments",
    "list_changes",
    "list_matching",
    "list_to_come_of",
    "load_appointment",
    "load_doctor",
    "lock_account",
    "lock_any_appointment",
    "lock_appointment",
    "lock_doctor_of",
    "lock_patient",
    "lock_patient_by_id",
    "next_appointment",
    "standing",
    "today",
]
