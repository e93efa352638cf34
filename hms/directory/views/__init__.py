"""The pages on which people look for a doctor, and for another time."""

from hms.directory.views import changing, public

__all__ = ["changing", "public"]
