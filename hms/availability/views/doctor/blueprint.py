"""The blueprint of the doctor's own area, for the pages about what is offered."""

from hms import areas

bp = areas.blueprint("doctor", "doctor", __name__)
