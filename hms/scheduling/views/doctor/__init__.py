"""The part of the doctor's area about appointments. Nobody else's patients are ever seen in it."""

from hms.scheduling.views.doctor import appointments, calendar, today, visits
from hms.scheduling.views.doctor.blueprint import bp

__all__ = ["appointments", "bp", "calendar", "today", "visits"]
