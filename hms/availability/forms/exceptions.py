"""Forms for what is not as usual: time off, hours that end, a day that is copied to others."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, cast

from wtforms import SelectMultipleField, ValidationError
from wtforms.form import BaseForm

from hms import clock
from hms.availability.forms.doubled import WhichField, with_fold
from hms.errors import Refusal
from hms.forms import ClockField, DayField, EndField, HmsForm, LineField
from hms.web import formats

LONGEST_REASON = 200


class TimeOffForm(HmsForm):
    """Time off: whole days, or from a time on the first day to a time on the last; without a last day one day.

    Where the clock shows a time twice, it starts at the first and ends at the second unless the page says otherwise: so
    it covers all that the person can have meant.
    """

    first_day = DayField("First day", required="Enter the first day.")
    last_day = DayField("Last day")
    start = ClockField("From, on the first day")
    start_which = WhichField("Which start time?")
    end = EndField("To, on the last day")
    end_which = WhichField("Which end time?")
    reason = LineField("Reason", longest=LONGEST_REASON)

    starts_at: datetime
    ends_at: datetime

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent, and see which of its times the clock shows twice on their days."""
        super().process(*args, **values)
        first, last = self.first_day.data, self.last_day.data or self.first_day.data
        for day, field, which, usual in (
            (first, self.start, self.start_which, 0),
            (last, self.end, self.end_which, 1),
        ):
            is_end_of_day = field is self.end and field.data == time.min  # which comes once, on the next day
            if day and field.data and not is_end_of_day and clock.FIRST_DAY <= day <= clock.LAST_DAY:
                which.offer(clock.moments_at(day, field.data), of=field, usual=usual)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether it is a stretch of time; then ``starts_at`` and ``ends_at`` say which."""
        if not super().validate(extra_validators):
            return False
        first = cast(date, self.first_day.data)
        last = self.last_day.data or first
        if last < first:
            self.last_day.errors = ["The last day must be on or after the first."]
        elif self.start.data is None and self.end.data is None:
            self.starts_at, self.ends_at = clock.start_of_day(first), clock.day_bounds(last)[1]
        else:
            self._read_times(first, last)
        return not self.errors

    def _read_times(self, first: date, last: date) -> None:
        if self.start.data is None:
            self.start.errors = ["Enter a start time, or leave both times blank for whole days."]
        elif self.end.data is None:
            self.end.errors = ["Enter an end time, or leave both times blank for whole days."]
        elif self._read_moments(first, self.start.data, last, self.end.data) and self.ends_at <= self.starts_at:
            self.end.errors = ["The end must be after the start. For a night, enter the next day as the last day."]

    def _read_moments(self, first: date, start: time, last: date, end: time) -> bool:
        try:
            self.starts_at = clock.on_wall(first, with_fold(start, self.start_which))
        except Refusal as refusal:
            self.start.errors = [refusal.message]
        try:
            self.ends_at = _end(last, with_fold(end, self.end_which))
        except Refusal as refusal:
            self.end.errors = [refusal.message]
        return not self.errors

    @property
    def doubled(self) -> list[str]:
        """The times that the clock shows twice: ``01:30``."""
        pairs = ((self.start, self.start_which), (self.end, self.end_which))
        return list(dict.fromkeys(f"{field.data:%H:%M}" for field, which in pairs if which.is_asked))

    def as_sent(self) -> list[tuple[str, str]]:
        """Names and texts with which a page carries the form along without showing it."""
        fields = [field for field in self if not isinstance(field, WhichField) or field.is_asked]
        return [(field.name, _text(field)) for field in fields if field.name != "csrf_token"]


def _text(field: Any) -> str:
    return field.data or "" if isinstance(field, WhichField) else field._value()


def _end(day: date, at: time) -> datetime:
    return clock.day_bounds(day)[1] if at.replace(fold=0) == time.min else clock.on_wall(day, at)


class EndHoursForm(HmsForm):
    """The last day of weekly hours."""

    last_day = DayField("Last day", required="Enter the last day of these hours.")

    @property
    def chosen(self) -> date:
        """The day that was entered; only of a form that is valid."""
        return cast(date, self.last_day.data)


class DaysField(SelectMultipleField):
    """Some of the days that are offered, at least one."""

    days: Sequence[date] = ()

    def __init__(self, label: str, **options: Any):
        super().__init__(label, coerce=_as_day, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the days; say so when one is none."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("Choose days from the list.") from error

    def pre_validate(self, form: BaseForm) -> None:
        """Whether there is a day, and all are among those offered."""
        if not set(self.data or ()) <= set(self.days):
            raise ValidationError("Choose days from the list.")
        if not self.data and not self.process_errors:
            raise ValidationError("Choose at least one day.")


def _as_day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


class CopyDayForm(HmsForm):
    """The days to which a day's times are copied."""

    to_days = DaysField("Copy to")

    def __init__(self, *args: Any, days: Sequence[date] = (), **values: Any):
        super().__init__(*args, **values)
        self.to_days.choices = [(day, formats.short_day(day)) for day in days]
        self.to_days.days = days

    @property
    def chosen(self) -> list[date]:
        """The days that were chosen, in order."""
        return sorted(set(self.to_days.data or ()))
