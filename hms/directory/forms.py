"""What somebody sends who wants another time for an appointment."""

import secrets
from typing import Any

from wtforms import HiddenField, IntegerField, RadioField
from wtforms.validators import InputRequired, Regexp
from wtforms.widgets import HiddenInput

from hms.availability.models import Mode
from hms.errors import Refusal
from hms.forms import HmsForm, TextField
from hms.labels import MODES

OUT_OF_DATE = "This page is out of date. Nothing was changed. Check both times and try again."
CHOICES = {mode.value: MODES[mode] for mode in (Mode.IN_PERSON, Mode.ONLINE)}


class BookForForm(HmsForm):
    """Book one slot on a patient's behalf. The key makes one appointment of a double click."""

    mode = RadioField("How will the patient see the doctor?", choices=CHOICES)
    reason = TextField("Reason for the visit", longest=500)
    idempotency_key = HiddenField(
        default=lambda: secrets.token_urlsafe(18),
        validators=[InputRequired(OUT_OF_DATE), Regexp(r"[A-Za-z0-9_-]{16,64}\Z", message=OUT_OF_DATE)],
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it can be tried; a page that is out of date says so above."""
        is_valid = super().validate(extra_validators)
        for field in (self.mode, self.idempotency_key):
            if field.errors:
                field.errors, self.form_errors = [], [OUT_OF_DATE]
                self.idempotency_key.data = secrets.token_urlsafe(18)
        return is_valid

    def reject(self, refusal: Refusal) -> None:
        """Show the refusal; the page that says so has another key."""
        super().reject(refusal)
        self.idempotency_key.data = secrets.token_urlsafe(18)


class ChangeForm(HmsForm):
    """Move an appointment to the slot that the address names. ``version`` is the appointment's, as shown."""

    mode = RadioField("How do you want to see the doctor?", choices=CHOICES)
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired(OUT_OF_DATE)])
    idempotency_key = HiddenField(
        default=lambda: secrets.token_urlsafe(18),
        validators=[InputRequired(OUT_OF_DATE), Regexp(r"[A-Za-z0-9_-]{16,64}\Z", message=OUT_OF_DATE)],
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it can be tried; what the page itself wrote wrongly is said above, where no field is to be seen."""
        is_valid = super().validate(extra_validators)
        for field in (self.mode, self.version, self.idempotency_key):
            if field.errors:
                field.errors, self.form_errors = [], [OUT_OF_DATE]
        return is_valid

    def show_version(self, version: int) -> None:
        """Carry this version from now on, whatever was sent."""
        self.version.data, self.version.raw_data = version, None

    def reject(self, refusal: Refusal) -> None:
        """Show the refusal; the page that says so has another key."""
        super().reject(refusal)
        self.idempotency_key.data = secrets.token_urlsafe(18)
