"""The pages about what is offered."""

from hms.availability.views import doctor, staff

__all__ = ["doctor", "staff"]
