"""What every form of the house has in common: the text edge, the wall clock's fields, and a place for refusals."""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from flask import g, request
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import DateField, Field, IntegerField, StringField, TextAreaField, TimeField, ValidationError
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Optional, StopValidation
from wtforms.widgets import TextInput

from hms import clock, text, wall_text
from hms.errors import Refusal
from hms.text import has_forbidden_characters
from hms.wall_text import CLOCK_HINT, DAY_HINT

LONGEST_CHOICE = 200
"""What a field that is not for text may hold: a number, a day, one of a list, a key."""

EXAMPLE_DAY = date(2026, 11, 26)
AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}


def storable(form: BaseForm, field: Field) -> None:
    """Validator: the text holds no character that cannot be stored."""
    if isinstance(field.data, str) and has_forbidden_characters(field.data):
        field.data = text.without_forbidden(field.data)
        raise ValidationError("We removed characters that can’t be shown. Check it again.")


def one_line(form: BaseForm, field: Field) -> None:
    """Validator: the text stands on one line."""
    if isinstance(field.data, str) and not text.is_one_line(field.data):
        field.data = text.on_one_line(field.data)
        raise ValidationError(text.ONE_LINE)


class _Cleaned(Field):
    """A field that keeps text as people mean it (:mod:`hms.text`). Text that is too long is left as it came, and judged
    by nothing else."""

    longest: int
    is_too_long = False

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was sent; its length is judged before anything else looks at it."""
        if not valuelist:
            return
        try:
            self.data = text.clean(valuelist[0], longest=self.longest)
        except text.TooLong:
            self.data, self.is_too_long = text.without_forbidden(valuelist[0]), True

    def pre_validate(self, form: BaseForm) -> None:
        """Text that is too long is too long, whatever else it may be."""
        if self.is_too_long:
            raise StopValidation(text.too_long(self.longest))


class LineField(_Cleaned, StringField):
    """One line of text of at most ``longest`` characters; ``required`` is the sentence shown when it is empty."""

    def __init__(self, label: str, *, longest: int, required: str | None = None, **options: Any):
        self.longest = longest
        super().__init__(label, [*_presence(required), storable, one_line], **options)


class TextField(_Cleaned, TextAreaField):
    """Several lines of text of at most ``longest`` characters."""

    def __init__(self, label: str, *, longest: int, required: str | None = None, **options: Any):
        self.longest = longest
        super().__init__(label, [*_presence(required), storable], **options)


class DayField(DateField):
    """A day between 2000 and 2099, typed as people write one. A text field: what a browser's own field for dates holds
    half typed never reaches us."""

    widget = TextInput()

    def __init__(self, label: str, *, required: str | None = None, description: str = DAY_HINT, **options: Any):
        options = {"description": description, "render_kw": AS_TYPED} | options
        super().__init__(label, [*_presence(required), _day_in_range], **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day; say what a day looks like when it is none."""
        self.data = None
        if typed := _typed(valuelist):
            self.data = wall_text.read_day(typed)
            if self.data is None:
                raise ValueError(f"Enter a day, like {wall_text.day_written(EXAMPLE_DAY)}.")

    def _value(self) -> str:
        if self.raw_data is not None:
            return " ".join(self.raw_data)
        return wall_text.day_written(self.data) if self.data else ""


class ClockField(TimeField):
    """A time on the wall clock, typed as people write one; a text field, as :class:`DayField` is."""

    widget = TextInput()
    midnight = "A day starts at 00:00. For midnight, enter 00:00 on the next day."

    def __init__(self, label: str, *, required: str | None = None, description: str = CLOCK_HINT, **options: Any):
        options = {"description": description, "render_kw": AS_TYPED} | options
        super().__init__(label, list(_presence(required)), **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the time; say what a time looks like when it is none."""
        self.data = None
        if typed := _typed(valuelist):
            minutes = wall_text.read_minutes(typed)
            if minutes is None:
                raise ValueError("Enter a time, like 09:40.")
            self.data = self.read(minutes)

    def read(self, minutes: int) -> time:
        """The time so many minutes after midnight; ``ValueError`` for the end of the day, which is no start."""
        if minutes == wall_text.END_OF_DAY:
            raise ValueError(self.midnight)
        return time(*divmod(minutes, 60))


class EndField(ClockField):
    """A time at which something ends; midnight, written 00:00 or 24:00, is the end of the day."""

    def read(self, minutes: int) -> time:
        """The time so many minutes after midnight; the end of the day is 00:00."""
        return time(*divmod(minutes % wall_text.END_OF_DAY, 60))


class WholeField(IntegerField):
    """A whole number of at most six plain digits; Python alone would also take ``1_0`` and ``٣``.

    A text field, as :class:`DayField` is: of ``1e`` a browser's field for numbers sends nothing.
    """

    widget = TextInput()
    complaint = "Enter a whole number, like 12."

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the digits; nothing for nothing."""
        typed, self.data = _typed(valuelist), None
        if typed and not re.fullmatch(r"[0-9]{1,6}", typed, re.ASCII):
            raise ValueError(self.complaint)
        self.data = int(typed) if typed else None


def _typed(valuelist: list[str]) -> str:
    return valuelist[0].strip() if valuelist else ""


def _presence(required: str | None) -> tuple[Any, ...]:
    return (Given(required),) if required else (Left(),)


class Given(InputRequired):
    """Validator: something was entered, and not just blanks."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        """Ask for it where nothing that can be seen was sent."""
        if not _holds_something(field):
            field.errors = []  # that blanks are no number, say, is one complaint too many
            raise StopValidation(str(self.message))


class Left(Optional):
    """Validator: nothing has to be entered, and then nothing else is asked."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        """End the validation where nothing that can be seen was sent."""
        if not _holds_something(field):
            field.errors = []
            raise StopValidation


def _holds_something(field: Field) -> bool:
    sent = any(not isinstance(value, str) or value.strip() for value in field.raw_data or ())
    return sent and not (isinstance(field, _Cleaned) and field.data == "")


def _day_in_range(form: FlaskForm, field: Field) -> None:
    if isinstance(field.data, date) and not clock.FIRST_DAY <= field.data <= clock.LAST_DAY:
        raise ValidationError("Enter a year between 2000 and 2099.")


def _posted() -> MultiDict[str, Any] | None:
    return CombinedMultiDict([request.files, request.form]) if request.method in ("POST", "PUT", "PATCH") else None


def _bounded(sent: MultiDict[str, Any], *, texts: set[str]) -> MultiDict[str, Any]:
    """The same, but what is not for text cut off where it can no longer be right: no parser ever reads a heap."""
    return MultiDict((name, each if name in texts else _short(each)) for name in sent for each in sent.getlist(name))


def _short(value: Any) -> Any:
    too_long = isinstance(value, str) and len(value) > LONGEST_CHOICE
    return f"{value[:LONGEST_CHOICE]}…" if too_long else value


def fill_again(typed: Iterable[Iterable[str]]) -> None:
    """Let the form of this page that has these fields be shown with them; nothing is sent by that."""
    g.typed_before = [(name, value) for name, value in typed]


def is_filled_again() -> bool:
    """Whether a form of this page is shown with what was typed before."""
    return bool(g.get("is_filled_again"))


def _typed_before(form: BaseForm) -> MultiDict[str, str] | None:
    """What was typed into this very form before; parts of a field are named ``field-part``."""
    typed = g.get("typed_before") if request.method in ("GET", "HEAD") else None
    names = {field.name for field in form}
    if not typed or not all(name in names or name.partition("-")[0] in names for name, _ in typed):
        return None
    g.is_filled_again = True
    return MultiDict(typed)


class HmsForm(FlaskForm):
    """A form that can show a service's refusal in its own words.

    ``status`` is the HTTP status that the page with this form answers: 200 as it is first shown, 422 when it does
    not validate, the refusal's own once one was rejected.
    """

    refusal: Refusal | None = None

    class Meta(FlaskForm.Meta):
        """The token of every POST is checked before its form is made (``hms.web.tokens``), and need not be again."""

        csrf = False

        def wrap_formdata(self, form: BaseForm, formdata: Any) -> Any:
            """What was sent as a form, never as JSON: long text only where a field is for text."""
            sent = _posted() if formdata is _Auto else formdata
            sent = sent or _typed_before(form)
            return sent and _bounded(sent, texts={field.name for field in form if hasattr(field, "longest")})

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent. What a field shows again of it holds nothing that no page can carry."""
        super().process(*args, **values)
        for field in self:
            if field.raw_data and not isinstance(field.data, str):  # text has its own validator, which says so
                field.raw_data = [
                    text.without_forbidden(raw) if isinstance(raw, str) else raw for raw in field.raw_data
                ]

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the form as it stands."""
        if self.refusal:
            return self.refusal.status
        return 422 if self.errors else 200

    def reject(self, refusal: Refusal) -> None:
        """Show ``refusal`` beside the field it is about, or above the form when it is about none of them."""
        self.refusal = refusal
        if refusal.field and refusal.field in self:
            self[refusal.field].errors = [*self[refusal.field].errors, refusal.message]
        else:
            self.form_errors: list[str] = [*self.form_errors, refusal.message]
