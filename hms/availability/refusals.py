"""What availability says no to, in the words that people read."""

from hms.errors import Conflict, Invalid


class SlotOverlap(Conflict):
    """The doctor offers another time then."""

    code, title = "slot-overlap", "You already have a time then"
    message = "You already offer a time that overlaps this one."


class SlotNotFree(Conflict):
    """The slot is booked or blocked, so that it cannot be changed."""

    code, title = "slot-not-free", "This time is booked"
    message = "This time is booked. Cancel the appointment first, so that the patient is told."


class SlotInPast(Invalid):
    """A doctor offers a time that has passed."""

    code, title = "slot-in-past", "This time has passed"
    message = "This time has already passed. Choose a later one."


class ScheduleOverlap(Conflict):
    """The doctor has other weekly hours then."""

    code, title = "schedule-overlap", "You already have weekly hours then"
    message = "You already have weekly hours for some of these days. Change or end those first."


class PreviewOutdated(Conflict):
    """Saving would do something else than the doctor was shown."""

    code, title = "preview-outdated", "Something has changed meanwhile"
    message = "Your hours, or the booked appointments that no longer fit, are not as they were. Nothing was saved."


class AwayThen(Conflict):
    """The doctor, or the whole clinic, is away at the time that is to be offered."""

    code, title = "away-then", "You are away then"
    message = "You have time off then. Remove it first, or choose another time."


class BlockedElsewhere(Conflict):
    """The time is blocked by something else than the doctor's own word."""

    code, title = "blocked-elsewhere", "This time is blocked by something else"
    message = "You did not block this time yourself, so that it cannot be opened here."
