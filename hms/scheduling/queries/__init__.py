"""What scheduling reads. ``get_`` raises ``NotFound``, ``find_`` may be none, ``list_`` is a list."""

from hms.scheduling.queries.agenda import AgendaItem, agenda
from hms.scheduling.queries.appointments import (
    count_appointments,
    find_earlier_booking,
    get_appointment,
    has_changed_since,
    is_busy,
    list_appointments,
    load_appointment,
    lock_appointment,
    next_appointment,
)
from hms.scheduling.queries.directory import (
    DoctorCard,
    DoctorPage,
    DoctorProfile,
    get_bookable_doctor,
    list_specialties_with_doctors,
    search_doctors,
    soonest_free,
)
from hms.scheduling.queries.slots import (
    DaySummary,
    FreeTime,
    during,
    find_slot,
    get_slot,
    get_slot_to_book,
    lock_slot,
    nearest_free,
    week_of,
)

__all__ = [
    "AgendaItem",
    "DaySummary",
    "DoctorCard",
    "DoctorPage",
    "DoctorProfile",
    "FreeTime",
    "agenda",
    "count_appointments",
    "during",
    "find_earlier_booking",
    "find_slot",
    "get_appointment",
    "get_bookable_doctor",
    "get_slot",
    "get_slot_to_book",
    "has_changed_since",
    "is_busy",
    "list_appointments",
    "list_specialties_with_doctors",
    "load_appointment",
    "lock_appointment",
    "lock_slot",
    "nearest_free",
    "next_appointment",
    "search_doctors",
    "soonest_free",
    "week_of",
]
