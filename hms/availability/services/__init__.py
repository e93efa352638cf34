"""What doctors and the clinic do with what is offered. Every function here is one transaction: lock, check, change."""

from hms.availability.services.blocking import block_slot, unblock_slot
from hms.availability.services.booking_rules import RuleChange, set_clinic_rules, set_doctor_rules
from hms.availability.services.closures import Closing, ClosurePreview, add_closure, preview_closure, remove_closure
from hms.availability.services.expiring import mark_expired, undo_expired_to_come
from hms.availability.services.offering import SeriesResult, change_slot, copy_day, delete_slot, open_series, open_slot
from hms.availability.services.planning import extend_plans, refresh_next, refresh_plan, undo_plans_to_come
from hms.availability.services.schedules import (
    HoursDraft,
    Preview,
    ScheduleDraft,
    delete_schedule,
    end_schedule,
    preview_deletion,
    preview_end,
    preview_schedule,
    save_schedule,
)
from hms.availability.services.time_off import (
    TimeOffPreview,
    add_time_off,
    note_busy_times,
    preview_time_off,
    remove_time_off,
)

__all__ = [
    "Closing",
    "ClosurePreview",
    "HoursDraft",
    "Preview",
    "RuleChange",
    "ScheduleDraft",
    "SeriesResult",
    "TimeOffPreview",
    "add_closure",
    "add_time_off",
    "block_slot",
    "change_slot",
    "copy_day",
    "delete_schedule",
    "delete_slot",
    "end_schedule",
    "extend_plans",
    "mark_expired",
    "note_busy_times",
    "open_series",
    "open_slot",
    "preview_closure",
    "preview_deletion",
    "preview_end",
    "preview_schedule",
    "preview_time_off",
    "refresh_next",
    "refresh_plan",
    "remove_closure",
    "remove_time_off",
    "save_schedule",
    "set_clinic_rules",
    "set_doctor_rules",
    "unblock_slot",
    "undo_expired_to_come",
    "undo_plans_to_come",
]
