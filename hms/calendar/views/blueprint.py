"""The blueprint of the calendar pages."""

from hms import areas

bp = areas.blueprint("account", "calendar", __name__, access="has-appointments")
