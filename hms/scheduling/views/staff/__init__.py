"""The part of the staff's area about appointments."""

from hms.availability.views.staff import bp
from hms.scheduling.views.staff import overview

__all__ = ["bp", "overview"]
