"""The staff's first page: the clinic's day in numbers, and where to go from here."""

from flask.typing import ResponseReturnValue

from hms import clock
from hms.availability import queries as offered
from hms.scheduling import queries
from hms.scheduling.views.staff.blueprint import bp
from hms.web import render


@bp.get("", access="staff")
def overview() -> ResponseReturnValue:
    """Today's numbers, the closures that come next, and the ways on."""
    return render("staff/overview.html", day=clock.today(), today=queries.today(), closures=offered.list_closures()[:3])
