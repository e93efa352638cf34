"""What doctors offer (schedules, slots), what patients make of it (appointments), and the rules (policies)."""

from hms.scheduling.models.appointments import (
    ALLOWED_MOVES,
    HOLDS_ITS_TIME,
    Appointment,
    AppointmentChange,
    AppointmentStatus,
    RefusedBooking,
)
from hms.scheduling.models.policies import BookingPolicy
from hms.scheduling.models.schedules import BusyTime, Closure, DoctorPlan, Schedule, ScheduleHours, TimeOff
from hms.scheduling.models.slots import BlockedBy, Mode, Origin, Slot, SlotStatus

__all__ = [
    "ALLOWED_MOVES",
    "HOLDS_ITS_TIME",
    "Appointment",
    "AppointmentChange",
    "AppointmentStatus",
    "BlockedBy",
    "BookingPolicy",
    "BusyTime",
    "Closure",
    "DoctorPlan",
    "Mode",
    "Origin",
    "RefusedBooking",
    "Schedule",
    "ScheduleHours",
    "Slot",
    "SlotStatus",
    "TimeOff",
]
