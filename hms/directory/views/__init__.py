"""The pages on which people look for a doctor, and for another time."""

from hms.directory.views import booking_for, changing, public

__all__ = ["booking_for", "changing", "public"]
