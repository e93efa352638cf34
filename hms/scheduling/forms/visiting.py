"""Forms for what a doctor does with an appointment."""

from hms.forms import HmsForm, TextField


class CancelForm(HmsForm):
    """Why the doctor cancels; the patient reads it."""

    reason = TextField("Reason", longest=500, required="Enter a reason for the patient.")
