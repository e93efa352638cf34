"""News of connected calendars, sent inside the transaction that makes it true, with the connection as sender."""

from blinker import Namespace

_names = Namespace()

calendar_connected = _names.signal("calendar-connected")
"""An account was connected, or connected again, and works from now on."""

calendar_disconnected = _names.signal("calendar-disconnected")
"""The user has ended the connection, or replaced it by another account."""
