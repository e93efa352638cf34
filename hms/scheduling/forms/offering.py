"""Forms for the times that a doctor offers. Days and times are the clinic's wall clock."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from wtforms import IntegerField, SelectField, SelectMultipleField, ValidationError
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, NumberRange

from hms import clock
from hms.auth.models import Doctor
from hms.forms import ClockField, DayField, HmsForm
from hms.scheduling.models import Mode

WEEKDAYS = {"0": "Mon", "1": "Tue", "2": "Wed", "3": "Thu", "4": "Fri", "5": "Sat", "6": "Sun"}
MODES = {str(Mode.IN_PERSON): "In person", str(Mode.ONLINE): "Online", str(Mode.BOTH): "In person or online"}
USUAL_START, USUAL_END = time(9), time(12)
SERIES_WEEKS = 4


class MinutesField(IntegerField):
    """A whole number of minutes."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; say what one looks like when it is none. Python alone would also take ``1_0`` and ``٣``."""
        if valuelist and not re.fullmatch(r"[0-9]{1,4}", valuelist[0].strip(), re.ASCII):
            raise ValueError("Enter a number of minutes, like 20.")
        super().process_formdata(valuelist)


class ModeField(SelectField):
    """How a visit can take place; in person when nothing is said."""

    def __init__(self, label: str, **options: Any):
        super().__init__(label, choices=MODES, default=str(Mode.IN_PERSON), **options)

    def pre_validate(self, form: BaseForm) -> None:
        """Whether it is one of the kinds that there are."""
        if self.data not in MODES:
            raise ValidationError("Choose in person, online, or both.")


class SlotForm(HmsForm):
    """One time. Without an end it lasts as long as the doctor's visits do."""

    day = DayField("Day", required="Enter the day.")
    start = ClockField("Start", required="Enter the time at which it starts.")
    end = ClockField("End")
    mode = ModeField("Type")

    def interval(self, doctor: Doctor) -> dict[str, Any]:
        """``day``, ``start`` and ``end``: as it was typed, or that of a visit of the doctor's usual length."""
        has_end = any(text.strip() for text in self.end.raw_data or ())
        start = cast(time, self.start.data)  # it is required
        end = self.end.data if has_end else after(start, minutes=doctor.visit_minutes)
        return {"day": self.day.data, "start": start, "end": end}


class SeriesForm(HmsForm):
    """Visits back to back, on some days of the week, for some weeks."""

    first_day = DayField("First day", required="Enter the first day.", id="series-first_day")
    last_day = DayField("Last day", required="Enter the last day.", id="series-last_day")
    weekdays = SelectMultipleField("On these days", coerce=int, choices=WEEKDAYS, id="series-weekdays")
    start = ClockField("From", required="Enter the time at which the first visit starts.", id="series-start")
    end = ClockField("To", required="Enter the time by which the last visit ends.", id="series-end")
    visit_minutes = MinutesField(
        "Minutes for a visit",
        [
            InputRequired("Enter how many minutes a visit lasts."),
            NumberRange(5, 480, message="A visit lasts between 5 minutes and 8 hours."),
        ],
        id="series-visit_minutes",
    )
    mode = ModeField("Type", id="series-mode")


def usual_series(doctor: Doctor) -> dict[str, Any]:
    """What the series form holds when it is first shown: weekday mornings for four weeks, from the next Monday on."""
    monday = next_monday(clock.today())
    return {
        "first_day": monday,
        "last_day": monday + timedelta(weeks=SERIES_WEEKS, days=-3),
        "weekdays": [0, 1, 2, 3, 4],
        "start": USUAL_START,
        "end": USUAL_END,
        "visit_minutes": doctor.visit_minutes,
    }


def next_monday(day: date) -> date:
    """The first Monday after ``day``."""
    return day + timedelta(days=7 - day.weekday())


def after(start: time, *, minutes: int) -> time:
    """What the clock shows ``minutes`` later; past midnight it begins again."""
    return (datetime.combine(clock.FIRST_DAY, start) + timedelta(minutes=minutes)).time()
