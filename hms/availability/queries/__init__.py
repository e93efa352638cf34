"""What availability reads. ``get_`` raises ``NotFound``, ``find_`` may be none, ``list_`` is a list."""

from hms.availability.queries.booking_rules import PolicyRow, find_policy, list_own_policies
from hms.availability.queries.explaining import Explained, explain_day
from hms.availability.queries.schedules import (
    closures_between,
    get_closure,
    get_schedule,
    get_time_off,
    is_there,
    list_closures,
    list_schedules,
    list_time_off,
    list_unfit,
    time_off_between,
    unfit,
)
from hms.availability.queries.slots import (
    DaySummary,
    FreeTime,
    Week,
    find_slot,
    get_slot,
    lock_slot,
    nearest_free,
    week_of,
)

__all__ = [
    "DaySummary",
    "Explained",
    "FreeTime",
    "PolicyRow",
    "Week",
    "closures_between",
    "explain_day",
    "find_policy",
    "find_slot",
    "get_closure",
    "get_schedule",
    "get_slot",
    "get_time_off",
    "is_there",
    "list_closures",
    "list_own_policies",
    "list_schedules",
    "list_time_off",
    "list_unfit",
    "lock_slot",
    "nearest_free",
    "time_off_between",
    "unfit",
    "week_of",
]
