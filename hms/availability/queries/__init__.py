"""What availability reads. ``get_`` raises ``NotFound``, ``find_`` may be none, ``list_`` is a list."""

from hms.availability.queries.booking_rules import OwnRules, find_rules, list_own_rules
from hms.availability.queries.explaining import Explained, explain_day
from hms.availability.queries.schedules import (
    closures_between,
    get_closure,
    get_schedule,
    get_time_off,
    is_there,
    list_closures,
    list_out_of_hours,
    list_schedules,
    list_time_off,
    offers_anything,
    out_of_hours,
    time_off_between,
)
from hms.availability.queries.slots import (
    DaySummary,
    FreeTime,
    Week,
    find_slot,
    find_status,
    get_slot,
    lock_slot,
    nearest_free,
    week_of,
)

__all__ = [
    "DaySummary",
    "Explained",
    "FreeTime",
    "OwnRules",
    "Week",
    "closures_between",
    "explain_day",
    "find_rules",
    "find_slot",
    "find_status",
    "get_closure",
    "get_schedule",
    "get_slot",
    "get_time_off",
    "is_there",
    "list_closures",
    "list_out_of_hours",
    "list_own_rules",
    "list_schedules",
    "list_time_off",
    "lock_slot",
    "nearest_free",
    "offers_anything",
    "out_of_hours",
    "time_off_between",
    "week_of",
]
