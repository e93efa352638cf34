"""The part of the staff's area about appointments."""

from hms.scheduling.views.staff import overview
from hms.scheduling.views.staff.blueprint import bp

__all__ = ["bp", "overview"]
