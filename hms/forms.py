"""What every form of the house has in common: the text edge, the wall clock's fields, and a place for refusals."""

import re
import unicodedata
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, Field, StringField, TextAreaField, TimeField, ValidationError
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from hms import clock
from hms.errors import Refusal

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
_FORBIDDEN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_NONCHARACTERS}]")
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
    """A day between 2000 and 2099, as ``YYYY-MM-DD``."""

    def __init__(self, label: str, *, required: str | None = None, **options: Any):
        super().__init__(label, [*_presence(required), _day_in_range], **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day; say what a day looks like when it is none."""
        _read_strictly(valuelist, r"\d{4}-\d{2}-\d{2}", "Enter a day, like 2026-11-26.", super().process_formdata)


class ClockField(TimeField):
    """A time on the wall clock, as ``HH:MM``."""

    def __init__(self, label: str, *, required: str | None = None, **options: Any):
        super().__init__(label, list(_presence(required)), **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the time; say what a time looks like when it is none."""
        _read_strictly(valuelist, r"\d{2}:\d{2}", "Enter a time, like 09:40.", super().process_formdata)


def _read_strictly(valuelist: list[str], pattern: str, sentence: str, parse: Any) -> None:
    if not valuelist or not valuelist[0].strip():
        return
    valuelist = [valuelist[0].strip()]
    if not re.fullmatch(pattern, valuelist[0], re.ASCII):
        raise ValueError(sentence)
    try:
        parse(valuelist)
    except ValueError as error:
        raise ValueError(sentence) from error


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
