"""What doctors offer (schedules, slots), and the rules about booking it."""

from hms.availability.models.booking_rules import StoredRules
from hms.availability.models.schedules import BusyTime, Closure, DoctorPlan, Schedule, ScheduleHours, TimeOff
from hms.availability.models.slots import BlockedBy, Mode, Origin, Slot, SlotStatus

__all__ = [
    "BlockedBy",
    "BusyTime",
    "Closure",
    "DoctorPlan",
    "Mode",
    "Origin",
    "Schedule",
    "ScheduleHours",
    "Slot",
    "SlotStatus",
    "StoredRules",
    "TimeOff",
]
