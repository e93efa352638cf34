"""Form fields for facts about people: an email, a phone number, a password, a date of birth, a number, a fee."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from flask import current_app
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.form import BaseForm
from wtforms.utils import unset_value
from wtforms.validators import InputRequired, NumberRange, Optional, StopValidation
from wtforms.widgets import EmailInput, TelInput

from hms import clock, phone, text
from hms.auth.passwords import LONGEST as LONGEST_PASSWORD
from hms.auth.passwords import UNTYPEABLE
from hms.auth.people import LONGEST_EMAIL, LONGEST_NAME, BadEmail, BadName, clean_name, normal_email
from hms.forms import HmsForm, LineField, WholeField
from hms.text import has_forbidden_characters
from hms.web import formats

EARLIEST_BIRTH = date(1900, 1, 1)
AMOUNT = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{1,3}))?", re.ASCII)


class EmailField(LineField):
    """One line with an email address, checked as accounts keep it."""

    widget = EmailInput()

    def __init__(self, label: str = "Email", **options: Any):
        super().__init__(label, longest=LONGEST_EMAIL, required="Enter your email.", **options)
        self.validators = [*self.validators, _is_email]


class NameField(LineField):
    """One line with a person's name, checked as accounts keep it."""

    def __init__(self, label: str, **options: Any):
        super().__init__(label, longest=LONGEST_NAME, required="Enter your full name.", **options)
        self.validators = [*self.validators, _is_name]


class PhoneField(LineField):
    """A phone number as people write it, kept as :mod:`hms.phone` keeps it and shown as the clinic's country does."""

    widget = TelInput()

    def __init__(self, label: str, **options: Any):
        super().__init__(label, longest=phone.LONGEST_TYPED, **options)
        self.validators = [*self.validators, _is_phone]

    def _value(self) -> str:
        return formats.phone(self.data) if self.data else ""


def _is_email(form: HmsForm, field: Field) -> None:
    try:
        normal_email(field.data)
    except BadEmail as refusal:
        raise ValidationError(refusal.message) from refusal


def _is_name(form: HmsForm, field: Field) -> None:
    try:
        clean_name(field.data)
    except BadName as refusal:
        raise ValidationError(refusal.message) from refusal


def _is_phone(form: HmsForm, field: Field) -> None:
    if field.data == field.object_data:  # as an older version took it; nobody is asked for what they did not change
        return
    try:
        field.data = phone.read(field.data, country=current_app.config["CLINIC_COUNTRY"])
    except phone.BadPhone as refusal:
        raise ValidationError(refusal.message) from refusal


class SecretField(PasswordField):
    """A password, taken as it was typed: nothing is trimmed, and nothing comes back in the page."""

    longest = LONGEST_PASSWORD

    def __init__(self, label: str = "Password", **options: Any):
        super().__init__(label, [InputRequired("Enter a password."), _typeable], **options)

    def pre_validate(self, form: BaseForm) -> None:
        """One that is too long is looked at no further."""
        if len(self.data or "") > self.longest:
            raise StopValidation(text.too_long(self.longest))


def _typeable(form: HmsForm, field: Field) -> None:
    if has_forbidden_characters(field.data):
        raise ValidationError(UNTYPEABLE)


class WholeNumberField(WholeField):
    """A whole number from ``minimum`` to ``maximum``."""

    def __init__(self, label: str, *, minimum: int, maximum: int, required: str | None = None, **options: Any):
        sentence = f"Enter a number from {minimum} to {maximum}."
        presence = InputRequired(required) if required else Optional()
        super().__init__(label, [presence, NumberRange(minimum, maximum, sentence)], **options)

    def pre_validate(self, form: BaseForm) -> None:
        """One complaint is enough."""
        if self.process_errors:
            raise StopValidation


class FeeField(StringField):
    """An amount of money; ``data`` is in the smallest unit of ``currency`` (ISO 4217), or None for none."""

    currency = "GBP"
    data: Any

    def __init__(self, label: str, *, maximum: int, **options: Any):
        super().__init__(label, **options)
        self.maximum = maximum

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        amount = Decimal(self.data).scaleb(-self._digits)
        return f"{amount:.{self._digits}f}" if amount % 1 else f"{amount:.0f}"

    @property
    def _digits(self) -> int:
        return get_currency_precision(self.currency)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Wait until validation: by then ``currency`` is known."""

    def pre_validate(self, form: BaseForm) -> None:
        """Read ``85`` or ``85.50``."""
        typed = self.raw_data[0].strip().lstrip("£$€").strip() if self.raw_data else ""
        self.data = self._minor(typed) if typed else None

    def _minor(self, typed: str) -> int:
        found = AMOUNT.fullmatch(typed)
        if not found or len(found[2] or "") > self._digits:
            raise ValidationError("Enter an amount, like 85 or 85.50.")
        minor = int(found[1] + (found[2] or "").ljust(self._digits, "0"))
        if minor > self.maximum:
            raise ValidationError("This fee is too high. Check the amount.")
        return minor


class BirthDateField(Field):
    """A date of birth in three boxes, posted as ``<name>-day``, ``<name>-month`` and ``<name>-year``.

    ``typed`` holds what stands in the boxes, in that order.
    """

    PARTS = ("day", "month", "year")
    typed: tuple[str, str, str] = ("", "", "")

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Take the date of the record, then the three boxes of what was sent."""
        super().process(None, data, extra_filters)
        if self.data:
            self.typed = (str(self.data.day), str(self.data.month), str(self.data.year))
        if formdata is not None:
            day, month, year = (_shown(formdata.get(f"{self.name}-{part}", "")) for part in self.PARTS)
            self.typed = (day, month, year)
            self._read()

    def _read(self) -> None:
        self.data = None
        try:
            self.data = _date_of(*self.typed) if any(self.typed) else None
        except ValueError:
            self.process_errors = ["Enter a date of birth as three numbers, like 31 3 1980."]

    def pre_validate(self, form: BaseForm) -> None:
        """Nobody was born tomorrow."""
        if self.data and not EARLIEST_BIRTH <= self.data <= clock.today():
            raise ValidationError("Enter a date of birth between 1900 and today.")


def _shown(typed: str) -> str:
    """What stands in a box when it is shown again."""
    return "?" if has_forbidden_characters(typed) else typed.strip()[:20]


def _date_of(day: str, month: str, year: str) -> date:
    if not all(re.fullmatch(r"[0-9]{1,4}", part, re.ASCII) for part in (day, month, year)):
        raise ValueError
    return date(int(year), int(month), int(day))
