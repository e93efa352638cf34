"""What people fill in: booking and cancelling, offering times, the day of the visit."""

from hms.scheduling.forms.booking import BookForm, PatientCancelForm, new_key
from hms.scheduling.forms.offering import SeriesForm, SlotForm
from hms.scheduling.forms.visiting import CancelForm

__all__ = ["BookForm", "CancelForm", "PatientCancelForm", "SeriesForm", "SlotForm", "new_key"]
