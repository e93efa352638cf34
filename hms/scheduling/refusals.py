"""What scheduling says no to, in the words that people read."""

from hms.errors import Conflict, Invalid


class SlotTaken(Conflict):
    """Somebody else has it."""

    code, title = "slot-taken", "This time has just been booked by someone else"
    message = "Someone else has just booked this time. Nothing was booked for you."


class SlotPast(Invalid):
    """The time has passed."""

    code, title = "slot-past", "This time has passed"
    message = "This time has already passed. Choose another."


class TooSoon(Invalid):
    """The time is nearer than the clinic's minimum notice."""

    code, title = "too-soon", "This time is too soon to book online"


class BeyondHorizon(Invalid):
    """The time is further ahead than bookings are open."""

    code, title = "beyond-horizon", "This time cannot be booked yet"


class NoLongerOffered(Conflict):
    """The doctor has taken the time back, or something else keeps it from patients."""

    code, title = "no-longer-offered", "This time is no longer offered"
    message = "The doctor cannot see patients at this time after all."


class TooManyBookings(Conflict):
    """The patient has as many appointments to come as the rules allow."""

    code, title = "too-many-bookings", "You have as many appointments as can be booked online"


class TooOften(Conflict):
    """The patient has booked, or cancelled, as often within an hour as the clinic allows."""

    code, title = "too-often", "You have changed a lot within an hour"


class ModeChanged(Conflict):
    """What was to be a visit in person is one online now, or the other way round."""

    code, title = "mode-changed", "The kind of visit has changed"


class AlreadyBooked(Conflict):
    """The patient has another appointment then."""

    code, title = "already-booked", "You already have an appointment at that time"
    message = "You already have an appointment that overlaps this time."


class AccountClosed(Conflict):
    """The patient's account was closed while the page was open."""

    code, title = "account-closed", "Your account is closed"
    message = "Your account is closed, so nothing was booked. Call us if you need an appointment."


class NotOffering(Conflict):
    """The doctor does not take bookings at present."""

    code, title = "not-offering", "This doctor is not taking bookings"
    message = "This doctor is not taking bookings at the moment. Choose another doctor."


class NotYet(Conflict):
    """The patient has to do something else first, at ``next_page`` (an address of this site)."""

    code, title = "not-yet", "Something else comes first"

    def __init__(self, message: str, *, next_page: str):
        super().__init__(message)
        self.next_page = next_page


class KeyReused(Conflict):
    """One page tried to book two different times."""

    code, title = "key-reused", "This page has already booked an appointment"
    message = "This page has already booked another time. Open the time that you want again."


class TooLateToCancel(Conflict):
    """The cancellation window has closed."""

    code, title = "too-late-to-cancel", "It is too late to cancel online"


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

    code, title = "move-not-allowed", "This cannot be done with the appointment as it is now"
