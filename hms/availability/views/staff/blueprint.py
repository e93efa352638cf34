"""The blueprint of the staff's area, for the pages about what is offered.

Administrators are let in, and on pages that say so (``access="staff"``) receptionists.
"""

from hms import areas

bp = areas.blueprint("staff", "staff", __name__)
