"""What every form of the house has in common: the text edge, the wall clock's fields, and a place for refusals."""

import re
import unicodedata
from datetime import date, time
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, Field, StringField, TextAreaField, TimeField, ValidationError
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import TextInput

from hms import clock, wall_text
from hms.errors import Refusal
from hms.wall_text import CLOCK_HINT, DAY_HINT

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
_FORBIDDEN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_NONCHARACTERS}]")
EXAMPLE_DAY = date(2026, 11, 26)
AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}
_LINE_BREAK = re.compile(r"[\r\n\t]")


def has_forbidden_characters(text: str) -> bool:
    """Whether text holds what neither a database nor a page can carry: control characters, half a character, or
    one that Unicode keeps for nobody."""
    return _FORBIDDEN.search(text) is not None


def tidy(text: str | None) -> str | None:
    """Text as people mean it: one Unicode form (NFC), line ends as ``\\n``, no blanks around it."""
    if text is None:
        return None
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def storable(form: FlaskForm, field: Field) -> None:
    """Validator: the text holds no character that cannot be stored."""
    if isinstance(field.data, str) and has_forbidden_characters(field.data):
        field.data = _FORBIDDEN.sub("", field.data)
        raise ValidationError("This holds characters that cannot be shown, and we have taken them out. Check it again.")


def one_line(form: FlaskForm, field: Field) -> None:
    """Validator: the text stands on one line."""
    if isinstance(field.data, str) and _LINE_BREAK.search(field.data):
        field.data = _LINE_BREAK.sub(" ", field.data)
        raise ValidationError("Write this on one line.")


class LineField(StringField):
    """One line of text of at most ``longest`` characters; ``required`` is the sentence shown when it is empty."""

    def __init__(self, label: str, *, longest: int, required: str | None = None, **options: Any):
        super().__init__(
            label, [*_presence(required), storable, one_line, _at_most(longest)], filters=[tidy], **options
        )


class TextField(TextAreaField):
    """Several lines of text of at most ``longest`` characters."""

    def __init__(self, label: str, *, longest: int, required: str | None = None, **options: Any):
        super().__init__(label, [*_presence(required), storable, _at_most(longest)], filters=[tidy], **options)


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


def _typed(valuelist: list[str]) -> str:
    return valuelist[0].strip() if valuelist else ""


def _presence(required: str | None) -> tuple[Any, ...]:
    return (Given(required),) if required else (Optional(),)


class Given(InputRequired):
    """Validator: something was entered, and not just blanks."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        """Ask for it where nothing but blanks was sent."""
        if not any(not isinstance(value, str) or value.strip() for value in field.raw_data or ()):
            field.errors = []  # that blanks are no number, say, is one complaint too many
            raise StopValidation(str(self.message))


def _at_most(longest: int) -> Length:
    return Length(max=longest, message=f"Use at most {longest:,} characters.")


def _day_in_range(form: FlaskForm, field: Field) -> None:
    if isinstance(field.data, date) and not clock.FIRST_DAY <= field.data <= clock.LAST_DAY:
        raise ValidationError("Enter a year between 2000 and 2099.")


class HmsForm(FlaskForm):
    """A form that can show a service's refusal in its own words.

    ``status`` is the HTTP status that the page with this form answers: 200 as it is first shown, 422 when it does
    not validate, the refusal's own once one was rejected.
    """

    refusal: Refusal | None = None

    class Meta(FlaskForm.Meta):
        """The token of every POST is checked before its form is made (``hms.web.tokens``), and need not be again."""

        csrf = False

    def process(self, *args: Any, **values: Any) -> None:
        """Read what was sent. What a field shows again of it holds nothing that no page can carry."""
        super().process(*args, **values)
        for field in self:
            if field.raw_data and not isinstance(field.data, str):  # text has its own validator, which says so
                field.raw_data = [_FORBIDDEN.sub("", raw) if isinstance(raw, str) else raw for raw in field.raw_data]

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
