"""What a patient fills in: the booking of a time, and its cancellation."""

import secrets
from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField, RadioField
from wtforms.validators import InputRequired, Regexp

from hms.availability.models import Mode
from hms.errors import Refusal, Unavailable
from hms.forms import HmsForm, TextField
from hms.labels import MODES

OUT_OF_DATE = "This page is out of date. Nothing was booked. Check the details and try again."
LONGEST_REASON = 500
CHOICES = {mode.value: MODES[mode] for mode in (Mode.IN_PERSON, Mode.ONLINE)}


def new_key() -> str:
    """A fresh idempotency key: whatever is booked with it is booked once."""
    return secrets.token_urlsafe(18)


class BookForm(HmsForm):
    """Book one time. The key makes one appointment of a double click, a reload or the Back button."""

    mode = RadioField("How do you want to see the doctor?", choices=CHOICES, default=Mode.IN_PERSON)
    reason = TextField("Reason for your visit", longest=LONGEST_REASON)
    idempotency_key = HiddenField(
        default=new_key,
        validators=[InputRequired(OUT_OF_DATE), Regexp(r"[A-Za-z0-9_-]{16,64}\Z", message=OUT_OF_DATE)],
    )

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether it can be booked; a key that cannot be used is replaced for the page that is shown again."""
        is_valid = super().validate(extra_validators)
        if self.idempotency_key.errors:
            self.idempotency_key.data = new_key()
        if self.mode.errors:  # the page offers no such choice, so that there is no field to point at
            self.mode.errors, self.form_errors = [], [*self.form_errors, OUT_OF_DATE]
            self.mode.data = Mode.IN_PERSON
        return is_valid

    def reject(self, refusal: Refusal) -> None:
        """Show the refusal, which is the answer of this key from now on: the page that says so has another one.

        What is busy has refused nothing yet: the same page may be sent again.
        """
        super().reject(refusal)
        if not isinstance(refusal, Unavailable):
            self.idempotency_key.data = new_key()


class PatientCancelForm(HmsForm):
    """Cancel an appointment, with a reason for the doctor if the patient gives one."""

    reason = TextField("Why are you cancelling?", longest=LONGEST_REASON)
