"""What people do with slots and appointments. Every function here is one transaction: lock, check, change, announce."""

from hms.scheduling.services.blocking import block_slot, unblock_slot
from hms.scheduling.services.booking import book, forget_refusals
from hms.scheduling.services.cancelling import cancel_as_clinic, cancel_as_doctor, cancel_as_patient
from hms.scheduling.services.closures import Closing, ClosurePreview, add_closure, preview_closure, remove_closure
from hms.scheduling.services.lapsing import let_lapse, undo_lapses_to_come
from hms.scheduling.services.leaving import VisitsToCome
from hms.scheduling.services.offering import (
    SeriesResult,
    change_slot,
    copy_day,
    delete_slot,
    open_series,
    open_slot,
)
from hms.scheduling.services.planning import extend_plans, refresh_next, refresh_plan, undo_plans_to_come
from hms.scheduling.services.policies import RuleChange, set_clinic_policy, set_doctor_policy
from hms.scheduling.services.schedules import (
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
from hms.scheduling.services.time_off import (
    TimeOffPreview,
    add_time_off,
    note_busy_times,
    preview_time_off,
    remove_time_off,
)
from hms.scheduling.services.visiting import mark_arrived, mark_fulfilled, mark_noshow, undo

__all__ = [
    "Closing",
    "ClosurePreview",
    "HoursDraft",
    "Preview",
    "RuleChange",
    "ScheduleDraft",
    "SeriesResult",
    "TimeOffPreview",
    "VisitsToCome",
    "add_closure",
    "add_time_off",
    "block_slot",
    "book",
    "cancel_as_clinic",
    "cancel_as_doctor",
    "cancel_as_patient",
    "change_slot",
    "copy_day",
    "delete_schedule",
    "delete_slot",
    "end_schedule",
    "extend_plans",
    "forget_refusals",
    "let_lapse",
    "mark_arrived",
    "mark_fulfilled",
    "mark_noshow",
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
    "set_clinic_policy",
    "set_doctor_policy",
    "unblock_slot",
    "undo",
    "undo_lapses_to_come",
    "undo_plans_to_come",
]
