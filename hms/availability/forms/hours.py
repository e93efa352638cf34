"""The form for a doctor's weekly hours: rows of times for each weekday, and the days from which to which they hold."""

from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Any, cast

from wtforms import FieldList, Form, FormField, HiddenField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from hms import clock
from hms.auth.models import Doctor
from hms.availability.forms.offering import MinutesField, ModeField, next_monday
from hms.availability.forms.rows import MAX_ROWS, USUAL_HOURS, indices
from hms.availability.forms.zones import CITY_HINT, ZoneField
from hms.availability.models import Mode
from hms.availability.plan import HoursDraft, ScheduleDraft
from hms.forms import ClockField, DayField, EndField, HmsForm
from hms.labels import WEEKDAY_CODES, WEEKDAYS
from hms.text import without_forbidden

MINUTES_PER_DAY = 24 * 60
WORKING_DAYS = WEEKDAY_CODES[:5]
ALIKE = "1"


class HoursRow(Form):
    """One interval of a weekday, in which visits follow each other."""

    start = ClockField("From", required="Enter a start time.")
    end = EndField("To", required="Enter an end time.")
    visit = MinutesField(
        "Visit (minutes)",
        [
            InputRequired("Enter the visit length in minutes."),
            NumberRange(5, 480, message="A visit must be between 5 minutes and 8 hours."),
        ],
    )
    gap = MinutesField(
        "Gap (minutes)", [Optional(), NumberRange(0, 480, message="A gap must be between 0 minutes and 8 hours.")]
    )
    mode = ModeField("Type")

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent; what no page can carry is not shown again."""
        super().process(*args, **values)
        for field in self:
            field.raw_data = [without_forbidden(str(raw)) for raw in field.raw_data or ()]

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether the row can be kept: it ends after it starts, and has room for a visit."""
        if not super().validate(extra_validators):
            return False
        begin, end = self.minutes
        if end <= begin:
            self.end.errors = [
                "The end must be after the start. For hours past midnight, add the rest on the next day."
            ]
        elif end - begin < (self.visit.data or 0):
            self.visit.errors = [f"No visit of {self.visit.data} minutes fits between these times."]
        return not self.errors

    @property
    def minutes(self) -> tuple[int, int]:
        """From and to, in minutes after midnight on the wall; only of a row that has both."""
        start, end = _minute(self.start.data), _minute(self.end.data)
        return start, end or MINUTES_PER_DAY

    @property
    def is_whole(self) -> bool:
        """Whether visits can be counted in it."""
        if None in (self.start.data, self.end.data, self.visit.data):
            return False
        begin, end = self.minutes
        return begin < end and 5 <= (self.visit.data or 0) <= 480 and 0 <= (self.gap.data or 0) <= 480

    @property
    def span(self) -> str:
        """``09:00 to 12:00``."""
        return f"{self.start.data:%H:%M} to {self.end.data:%H:%M}"


class RowsField(FieldList):
    """The rows of one weekday, sent as ``mon-0-start``, ``mon-0-end`` and so on; at most ten."""

    def __init__(self, label: str, **options: Any):
        super().__init__(FormField(HoursRow), label, max_entries=MAX_ROWS, **options)

    def process(self, formdata: Any, *args: Any, **values: Any) -> None:
        """Read the rows; those above the limit are counted and left."""
        self.sent = len(indices(self.name, formdata or ()))
        super().process(formdata, *args, **values)

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        return iter(indices(prefix, formdata))

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Whether every row can be kept, there are not too many, and none begins before the last one has ended."""
        is_valid = super().validate(form, extra_validators)
        if self.sent > MAX_ROWS:
            self.errors = [*self.errors, f"You can add up to {MAX_ROWS} rows of hours a day."]
        if is_valid:
            self._refuse_overlaps()
        return not self.errors

    def _refuse_overlaps(self) -> None:
        in_order = sorted(self.entries, key=lambda row: row.form.minutes)
        for before, row in pairwise(in_order):
            if row.form.minutes[0] < before.form.minutes[1]:
                row.form.start.errors = [f"These hours overlap {before.form.span}."]
        self.errors = [*self.errors, *(row.errors for row in self.entries if row.errors)]

    @property
    def own_errors(self) -> list[str]:
        """What is wrong with the day as a whole."""
        return [error for error in self.errors if isinstance(error, str)]


class HoursForm(HmsForm):
    """Weekly hours: when they hold, in which zone, and the rows of each weekday."""

    valid_from = DayField("Starts on", required="Enter the day these hours start.")
    valid_until = DayField("Ends on")
    timezone = ZoneField("Time zone", description=CITY_HINT)
    same = HiddenField()
    mon = RowsField(WEEKDAYS[0])
    tue = RowsField(WEEKDAYS[1])
    wed = RowsField(WEEKDAYS[2])
    thu = RowsField(WEEKDAYS[3])
    fri = RowsField(WEEKDAYS[4])
    sat = RowsField(WEEKDAYS[5])
    sun = RowsField(WEEKDAYS[6])

    @property
    def days(self) -> list[tuple[str, str, RowsField]]:
        """The weekdays as the page shows them: short name, name and rows; the working days as one if alike."""
        days = [(short, name, self[short]) for short, name in zip(WEEKDAY_CODES, WEEKDAYS, strict=True)]
        return [(WEEKDAY_CODES[0], f"{WEEKDAYS[0]} to {WEEKDAYS[4]}", self.mon), *days[5:]] if self.is_alike else days

    @property
    def is_alike(self) -> bool:
        """Whether Monday's hours are those of Tuesday to Friday too, so that the page shows them once."""
        return self.same.data == ALIKE

    @property
    def rows(self) -> list[tuple[int, HoursRow]]:
        """Every row with its weekday (Monday 0)."""
        return [(weekday, row.form) for weekday, day in enumerate(WEEKDAY_CODES) for row in self[day]]

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether the hours can be kept: there are some, and they end after they start."""
        is_valid = super().validate(extra_validators)
        first, last = self.valid_from.data, self.valid_until.data
        if first and last and last < first:
            self.valid_until.errors = [*self.valid_until.errors, "The last day must be on or after the first."]
            is_valid = False
        if not self.rows:
            self.form_errors = [*self.form_errors, "Add hours on at least one day."]
            is_valid = False
        return is_valid

    @property
    def is_readable(self) -> bool:
        """Whether it says enough to count times, right or wrong: no part of a row is missing."""
        first = self.valid_from.data
        if first is None or not clock.FIRST_DAY <= first <= clock.LAST_DAY:
            return False
        return bool(self.zone) == bool(self.timezone.data) and all(row.is_whole for _, row in self.rows)

    @property
    def zone(self) -> str | None:
        """The zone that was chosen; None for the clinic's, and for what is none."""
        return self.timezone.data if self.timezone.data in clock.known_zones() else None

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Every complaint with the id of the field that it is about (none for the form as a whole), in page order."""
        found = [("", error) for error in self.form_errors]
        for field in (self.valid_from, self.valid_until, self.timezone):
            found += [(field.id, error) for error in field.errors]
        for _, name, day in self.days:
            found += [(f"{day.id}-day", _of(name, error)) for error in day.own_errors]
            found += [(cell.id, _of(name, error)) for row in day for cell in row.form for error in cell.errors]
        return found

    def draft(self, schedule_id: Any = None) -> ScheduleDraft:
        """What was entered, for the services; only of a form that is valid."""
        return ScheduleDraft(
            schedule_id=schedule_id,
            valid_from=cast(date, self.valid_from.data),
            valid_until=self.valid_until.data,
            timezone=self.timezone.data or None,
            hours=[_hours_draft(weekday, row) for weekday, row in self.rows],
        )

    def as_sent(self) -> list[tuple[str, str]]:
        """Names and texts with which a page carries the whole form along without showing it."""
        single = (self.valid_from, self.valid_until, self.timezone)
        fields = (*single, self.same, *(cell for _, row in self.rows for cell in row))
        return [(field.name, _text(field)) for field in fields]


def _of(name: str, error: str) -> str:
    """``Tuesday: the end comes after the start.``"""
    return f"{name}: {error[:1].lower()}{error[1:]}"


def _hours_draft(weekday: int, row: HoursRow) -> HoursDraft:
    begin, end = row.minutes
    return HoursDraft(
        weekday=weekday,
        start_minute=begin,
        end_minute=end,
        visit_minutes=row.visit.data or 0,
        gap_minutes=row.gap.data,
        mode=row.mode.data,
    )


def _text(field: Any) -> str:
    return field.data or "" if isinstance(field, SelectField | HiddenField) else field._value()


def values_of(schedule: ScheduleDraft) -> dict[str, Any]:
    """What the form holds when it opens a schedule."""
    values: dict[str, Any] = {day: [] for day in WEEKDAY_CODES}
    for row in schedule.hours:
        values[WEEKDAY_CODES[row.weekday]].append(
            {
                "start": _wall(row.start_minute),
                "end": _wall(row.end_minute),
                "visit": row.visit_minutes,
                "gap": row.gap_minutes,
                "mode": row.mode,
            }
        )
    whole = {"valid_from": schedule.valid_from, "valid_until": schedule.valid_until}
    return {**_with_alike(values), **whole, "timezone": schedule.timezone or ""}


def usual_values(doctor: Doctor) -> dict[str, Any]:
    """What the form holds for a doctor without weekly hours: weekdays from 9 to 12 and 13 to 17, from next Monday."""
    rows = [
        {
            "start": time.fromisoformat(start),
            "end": time.fromisoformat(end),
            "visit": doctor.visit_minutes,
            "mode": str(Mode.IN_PERSON),
        }
        for start, end in USUAL_HOURS
    ]
    return {"valid_from": next_monday(clock.today()), **_with_alike(dict.fromkeys(WORKING_DAYS, rows))}


def _with_alike(rows: dict[str, Any]) -> dict[str, Any]:
    """The rows of each day, and whether the working days are alike."""
    return {**rows, "same": ALIKE if all(rows[day] == rows["mon"] for day in WORKING_DAYS) else ""}


def values_after(schedule: ScheduleDraft) -> dict[str, Any]:
    """What the form holds for hours that follow a schedule: the same ones, from the Monday after."""
    last = schedule.valid_until or clock.today()
    return {**values_of(schedule), "valid_from": next_monday(max(last, clock.today())), "valid_until": None}


def _minute(at: time | None) -> int:
    at = at or time.min
    return at.hour * 60 + at.minute


def _wall(minute: int) -> time:
    """What the clock shows; the end of the day is midnight."""
    return time(minute // 60 % 24, minute % 60)
