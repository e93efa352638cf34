"""What scheduling says no to, in the words that people read."""

from hms.errors import Conflict, Invalid


class SlotTaken(Conflict):
    """Somebody else has it."""

    code, title = "slot-taken", "Someone else has just booked this slot"
    message = "Someone else has just booked this slot. Nothing was booked for you."


class SlotPast(Invalid):
    """The time has passed."""

    code, title = "slot-past", "This slot is in the past"
    message = "This slot is in the past. Choose another."


class TooSoon(Invalid):
    """The time is nearer than the clinic's minimum notice."""

    code, title = "too-soon", "This slot is too soon to book online"


class BeyondHorizon(Invalid):
    """The time is further ahead than bookings are open."""

    code, title = "beyond-horizon", "You can’t book this slot yet"


class NoLongerOffered(Conflict):
    """The doctor has taken the time back, or something else keeps it from patients."""

    code, title = "no-longer-offered", "This slot is no longer available"
    message = "The doctor is no longer available at this time."


class TooManyBookings(Conflict):
    """The patient has as many appointments to come as the rules allow."""

    code, title = "too-many-bookings", "You can’t book any more appointments online"


class TooOften(Conflict):
    """The patient has booked, or cancelled, as often within an hour as the clinic allows."""

    code, title = "too-often", "You’ve made too many changes in an hour"


class ModeChanged(Conflict):
    """What was to be a visit in person is one online now, or the other way round."""

    code, title = "mode-changed", "The type of appointment has changed"


class AlreadyBooked(Conflict):
    """The patient has another appointment then."""

    code, title = "already-booked", "You already have an appointment at that time"
    message = "You already have an appointment that overlaps this one."


class AccountClosed(Conflict):
    """The patient's account was closed while the page was open."""

    code, title = "account-closed", "Your account is closed"
    message = "Your account is closed, so nothing was booked. Call us if you need an appointment."


class NotOffering(Conflict):
    """The doctor does not take bookings at present."""

    code, title = "not-offering", "This doctor isn’t taking bookings"
    message = "This doctor isn’t taking bookings at the moment. Choose another doctor."


class NotYet(Conflict):
    """The patient has to do something else first, at ``next_page`` (an address of this site)."""

    code, title = "not-yet", "You need to do something first"

    def __init__(self, message: str, *, next_page: str):
        super().__init__(message)
        self.next_page = next_page


class KeyReused(Conflict):
    """One page tried to book two different times."""

    code, title = "key-reused", "This page has already booked an appointment"
    message = "You’ve already booked a different slot from this page. Open the slot you want again."


class TooLateToCancel(Conflict):
    """The cancellation window has closed."""

    code, title = "too-late-to-cancel", "It’s too late to cancel online"


class TooLateToChange(Conflict):
    """It is so late that the time cannot be changed online."""

    code, title = "too-late-to-change", "It is too late to change the time online"


class ChangedOften(Conflict):
    """The patient has changed the time of this appointment as often as the rules allow."""

    code, title = "changed-often", "You can’t change this time online any more"


class SameTime(Invalid):
    """The time that is asked for is the one that is booked."""

    code, title = "same-time", "You already have this time"
    message = "Your appointment is at this time already. Choose another one."


class StalePage(Conflict):
    """The page shows the appointment as it no longer is."""

    code, title = "stale-page", "This appointment has changed since you opened the page"
    message = "Nothing was changed by you. Look at the appointment as it is now."


class MoveNotAllowed(Conflict):
    """The appointment is not in a state, or not at a time, in which this can be done."""

    code, title = "move-not-allowed", "You can’t do that with this appointment"
