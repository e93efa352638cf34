"""What availability says no to, in the words that people read."""

from hms.errors import Conflict, Invalid


class SlotOverlap(Conflict):
    """The doctor offers another time then."""

    code, title = "slot-overlap", "You already have a slot then"
    message = "You already have a slot that overlaps this one."


class SlotNotFree(Conflict):
    """The slot is booked or blocked, so that it cannot be changed."""

    code, title = "slot-not-free", "This slot is booked"
    message = "This slot is booked. Cancel the appointment first, so that the patient is told."


class SlotInPast(Invalid):
    """A doctor offers a time that has passed."""

    code, title = "slot-in-past", "This slot is in the past"
    message = "This slot is in the past. Choose a later time."


class ScheduleOverlap(Conflict):
    """The doctor has other weekly hours then."""

    code, title = "schedule-overlap", "You already have weekly hours then"
    message = "You already have weekly hours for some of these dates. Change or end those first."


class PreviewOutdated(Conflict):
    """Saving would do something else than the doctor was shown."""

    code, title = "preview-outdated", "Something has changed"
    message = "Your hours or appointments have changed since you opened this page. Nothing was saved."


class AwayThen(Conflict):
    """The doctor, or the whole clinic, is away at the time that is to be offered."""

    code, title = "away-then", "You have time off then"
    message = "You have time off then. Remove it first, or choose a different time."


class BlockedElsewhere(Conflict):
    """The time is blocked by something else than the doctor's own word."""

    code, title = "blocked-elsewhere", "This slot is blocked by something else"
    message = "You didn’t block this slot yourself, so you can’t open it here."
