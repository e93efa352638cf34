"""The part of the doctor's area about appointments. Nobody else's patients are ever seen in it."""

from hms.availability.views.doctor import bp
from hms.scheduling.views.doctor import appointments, calendar, today, visits

__all__ = ["appointments", "bp", "calendar", "today", "visits"]
