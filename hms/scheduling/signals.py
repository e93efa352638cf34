"""News of scheduling. Every signal is sent inside the transaction that makes it true, with the appointment as sender.

A receiver may write rows (a message in the outbox); what it raises undoes the change. Connect module-level functions
only: blinker holds receivers weakly.
"""

from blinker import Namespace

_news = Namespace()

appointment_booked = _news.signal("appointment-booked")
appointment_moved = _news.signal("appointment-moved")
appointment_cancelled = _news.signal("appointment-cancelled")
