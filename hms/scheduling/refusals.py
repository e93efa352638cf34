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


class AlreadyBooked(Conflict):
    """The patient has another appointment then."""

    code, title = "already-booked", "You already have an appointment at that time"
    message = "You already have an appointment that overlaps this time."


class NotOffering(Conflict):
    """The doctor does not take bookings at present."""

    code, title = "not-offering", "This doctor is not taking bookings"
    message = "This doctor is not taking bookings at the moment. Choose another doctor."


class KeyReused(Conflict):
    """One page tried to book two different times."""

    code, title = "key-reused", "This page has already booked an appointment"
    message = "This page has already booked another time. Open the time that you want again."


class TooLateToCancel(Conflict):
    """The cancellation window has closed."""

    code, title = "too-late-to-cancel", "It is too late to cancel online"


class MoveNotAllowed(Conflict):
    """The appointment is not in a state, or not at a time, in which this can be done."""

    code, title = "move-not-allowed", "This cannot be done with the appointment as it is now"


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
