"""Forms for the times that a doctor offers. Days and times are the clinic's wall clock."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Any, cast

from wtforms import SelectField, SelectMultipleField, ValidationError
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, NumberRange

from hms import clock
from hms.auth.models import Doctor
from hms.availability.forms.doubled import WhichField, with_fold
from hms.availability.models import Mode
from hms.errors import Refusal
from hms.forms import ClockField, DayField, EndField, HmsForm, WholeField
from hms.labels import MODES, SHORT_WEEKDAYS
from hms.web import formats

WEEKDAYS = {str(number): name for number, name in enumerate(SHORT_WEEKDAYS)}
USUAL_START, USUAL_END = time(9), time(12)
SERIES_WEEKS = 4


class MinutesField(WholeField):
    """A whole number of minutes."""

    complaint = "Enter a number of minutes, like 20."


class ModeField(SelectField):
    """How a visit can take place; in person when nothing is said."""

    def __init__(self, label: str, **options: Any):
        super().__init__(label, choices=MODES, default=str(Mode.IN_PERSON), **options)

    def pre_validate(self, form: BaseForm) -> None:
        """Whether it is one of the kinds that there are."""
        if self.data not in MODES:
            raise ValidationError("Choose in person, online, or both.")


class SlotForm(HmsForm):
    """One time. Without an end it lasts as long as the doctor's visits do; one that ends before it starts by the clock
    ends on the next day."""

    day = DayField("Day", required="Enter the day.")
    start = ClockField("Start", required="Enter a start time.")
    start_which = WhichField("Which start time?")
    end = EndField("End")
    end_which = WhichField("Which end time?")
    mode = ModeField("Type")

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent, and see which of its times the clock shows twice that day."""
        super().process(*args, **values)
        with suppress(Refusal):  # which the service will say
            self._ask_which()

    def _ask_which(self) -> None:
        day, start = self.day.data, self.start.data
        if day is None or start is None or not clock.FIRST_DAY <= day <= clock.LAST_DAY:
            return
        starts = clock.moments_at(day, start)
        self.start_which.offer(starts, of=self.start)
        if self.end.data and starts:
            number = self.start_which.chosen or 0 if self.start_which.is_asked else 0
            ends = clock.ends_after(starts[number], self.end.data)
            self.end_which.offer(ends, of=self.end)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether it says when the time is, also where the clock shows it twice."""
        is_valid = super().validate(extra_validators)
        if not self.errors:
            is_valid = all([self.start_which.demand(self.start), self.end_which.demand(self.end)])
        return is_valid

    def interval(self, doctor: Doctor) -> dict[str, Any]:
        """``day``, ``start`` and ``end``: as it was typed, or that of a visit of the doctor's usual length."""
        day, start = cast(date, self.day.data), cast(time, self.start.data)  # they are required
        start = with_fold(start, self.start_which)
        if self.end.data is not None:
            return {"day": day, "start": start, "end": with_fold(self.end.data, self.end_which)}
        ends_at = clock.on_wall(day, start) + timedelta(minutes=doctor.visit_minutes)
        return {"day": day, "start": start, "end": clock.to_clinic(ends_at).time()}


class SeriesForm(HmsForm):
    """Visits back to back, on some days of the week, for some weeks.

    Where the clock shows the start or the end twice on one of the days, the page asks which is meant.
    """

    first_day = DayField("First day", required="Enter the first day.", id="series-first_day")
    last_day = DayField("Last day", required="Enter the last day.", id="series-last_day")
    weekdays = SelectMultipleField("On these days", coerce=int, choices=WEEKDAYS, id="series-weekdays")
    start = ClockField("From", required="Enter when the first visit starts.", id="series-start")
    start_which = WhichField("Which start time?", id="series-start_which")
    end = EndField("To", required="Enter when the last visit ends.", id="series-end")
    end_which = WhichField("Which end time?", id="series-end_which")
    visit_minutes = MinutesField(
        "Minutes for a visit",
        [
            InputRequired("Enter the visit length in minutes."),
            NumberRange(5, 480, message="A visit must be between 5 minutes and 8 hours."),
        ],
        id="series-visit_minutes",
    )
    mode = ModeField("Type", id="series-mode")

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent, and see which of its times the clock shows twice on one of the days."""
        super().process(*args, **values)
        for field, which in self._pairs():
            if day := self._doubled_on(field):
                which.offer(clock.moments_at(day, cast(time, field.data)), of=field)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether it says when the visits are, also where the clock shows a time twice."""
        is_valid = super().validate(extra_validators)
        if not self.errors:
            known = [which.demand(field, when=self._when(field)) for field, which in self._pairs()]  # each says so
            is_valid = all(known)
        return is_valid

    def series(self) -> dict[str, Any]:
        """What the service is to open, as it was typed."""
        plain = {name: self[name].data for name in ("first_day", "last_day", "visit_minutes", "mode")}
        wall = {field.name: with_fold(cast(time, field.data), which) for field, which in self._pairs()}
        return {**plain, **wall, "weekdays": frozenset(self.weekdays.data or ())}

    def _pairs(self) -> list[tuple[ClockField, WhichField]]:
        return [(self.start, self.start_which), (self.end, self.end_which)]

    def _doubled_on(self, field: ClockField) -> date | None:
        """The first day of the series on which the time comes twice; the end of the day, midnight, comes once."""
        first, last, at = self.first_day.data, self.last_day.data, field.data
        if not first or not last or at is None or (field is self.end and at == time.min):
            return None
        if not clock.FIRST_DAY <= first <= last <= clock.LAST_DAY:
            return None
        return clock.first_doubled(first, last, at, weekdays=self.weekdays.data or ())

    def _when(self, field: ClockField) -> str:
        return f"on {formats.day(day)}" if (day := self._doubled_on(field)) else "that day"


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
