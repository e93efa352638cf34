"""The pages of receptionists and administrators."""

from hms.scheduling.views.staff import closures, doctors, overview, policies
from hms.scheduling.views.staff.door import bp

__all__ = ["bp", "closures", "doctors", "overview", "policies"]
