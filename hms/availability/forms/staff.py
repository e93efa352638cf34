"""What staff fill in: the rules about booking, and the clinic's closures."""

from typing import Any

from wtforms.validators import Optional

from hms.availability import booking_rules
from hms.availability.models import StoredRules
from hms.forms import DayField, HmsForm, LineField, WholeField

LONGEST_NAME = 80


class NumberField(WholeField):
    """A whole number, or nothing. Its bounds are the service's to say."""

    complaint = "Enter a whole number, like 60."

    def __init__(self, label: str, **options: Any):
        super().__init__(label, [Optional()], **options)


class RulesForm(HmsForm):
    """The rules about booking, the clinic's or a doctor's own."""

    minimum_notice_minutes = NumberField("Minimum notice (minutes)")
    horizon_days = NumberField("How far ahead patients can book (days)")
    cancellation_hours = NumberField("Online cancellation closes (hours before)")
    change_window_minutes = NumberField("Changing the time online, until minutes before")
    most_changes = NumberField("Most changes of one appointment")
    most_future_bookings = NumberField("Most upcoming appointments")
    gap_minutes = NumberField("Gap after each visit (minutes)")

    def rules(self) -> dict[str, int | None]:
        """The values by the names of the rules."""
        return {name: self[name].data for name in booking_rules.NAMES}


def as_stored(rules: StoredRules | None) -> dict[str, int | None]:
    """What the form holds when it is first shown."""
    return {name: getattr(rules, name) if rules else None for name in booking_rules.NAMES}


class ClosureForm(HmsForm):
    """Days on which the clinic is closed; without a last day it is one day."""

    first_day = DayField("First day", required="Enter the first day.")
    last_day = DayField("Last day")
    name = LineField("Name", longest=LONGEST_NAME, required="Enter a name, like New Year’s Day.")

    def as_sent(self) -> list[tuple[str, str]]:
        """Names and texts with which a page carries the form along without showing it."""
        return [(field.name, field._value()) for field in self if field.name != "csrf_token"]
