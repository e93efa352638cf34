"""The part of the doctor's area in which they say what they offer."""

from hms.availability.views.doctor import copying, ending, exceptions, hours, out_of_hours, slots
from hms.availability.views.doctor.blueprint import bp

__all__ = ["bp", "copying", "ending", "exceptions", "hours", "out_of_hours", "slots"]
