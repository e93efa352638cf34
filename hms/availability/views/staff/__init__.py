"""The part of the staff's area about what all doctors offer, and the rules about booking it."""

from hms.availability.views.staff import booking_rules, closures, doctors
from hms.availability.views.staff.blueprint import bp

__all__ = ["booking_rules", "bp", "closures", "doctors"]
