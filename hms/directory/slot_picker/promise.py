"""Until when the slots of a day can be cancelled online."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hms import clock
from hms.availability.booking_rules import BookingRules
from hms.web import formats

DAY = timedelta(days=1)


def promise_of_day(starts: Sequence[datetime], rules: BookingRules) -> str:
    """What holds for slots that start at these moments of one day, in order; nothing without any."""
    window = rules.cancellation_window
    if not starts:
        return ""
    if not window:
        return "You can cancel online until your visit starts."
    last_minute = clock.now() + window
    if starts[-1] <= last_minute:
        return f"Slots on this day are less than {rules.cancellation_words} away, so you can’t cancel them online."
    if starts[0] <= last_minute:
        first = next(start for start in starts if start > last_minute)
        return (
            f"From {formats.time(first)} on, you can cancel online until {rules.cancellation_words} before. "
            f"Earlier slots are less than {rules.cancellation_words} away and can’t be cancelled online."
        )
    return f"You can cancel online until {_until(starts[0], window)}."


def _until(start: datetime, window: timedelta) -> str:
    """``the same time on Wednesday 25 November``; ``2 hours before`` for what is not whole days."""
    if window % DAY:
        hours = window // timedelta(hours=1)
        return f"{hours} hour{'' if hours == 1 else 's'} before"
    return f"the same time on {formats.plain_day(clock.to_clinic(start).date() - window // DAY * DAY)}"
