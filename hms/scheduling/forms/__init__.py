"""The forms about appointments."""

from hms.scheduling.forms.booking import BookForm, PatientCancelForm, new_key
from hms.scheduling.forms.visiting import CancelForm

__all__ = ["BookForm", "CancelForm", "PatientCancelForm", "new_key"]
