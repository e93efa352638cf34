"""What reception fills in."""

from hms.forms import HmsForm, TextField


class DeskCancelForm(HmsForm):
    """Why the clinic cancels; the patient reads it."""

    reason = TextField("Reason", longest=500, required="Tell the patient why.")
