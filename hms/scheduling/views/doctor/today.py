"""The doctor's day: who comes next, who is still to be seen, what is free."""

from typing import NamedTuple

from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.scheduling import calendar_grid, queries
from hms.scheduling.models import AppointmentStatus
from hms.scheduling.queries import AgendaItem
from hms.scheduling.views.doctor.acts import Acts, acts_for
from hms.scheduling.views.doctor.blueprint import bp
from hms.web import render

FINISHED = (AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW)


class Visit(NamedTuple):
    """One patient of the day; ``is_now`` while the visit's time runs."""

    item: AgendaItem
    acts: Acts
    is_now: bool


@bp.get("/")
def today() -> ResponseReturnValue:
    """Today's patients in order of time."""
    starts_at, ends_at = clock.day_bounds(clock.today())
    items = queries.agenda(current_doctor, starts_at=starts_at, ends_at=ends_at)
    visits = [_visit(item) for item in items if item.appointment_id]
    next_item = calendar_grid.next_visit(items)
    return render(
        "doctor/today.html",
        today=clock.today(),
        next=next_item,
        wait=calendar_grid.until(next_item.starts_at) if next_item else "",
        waiting=[visit for visit in visits if visit.item.appointment_status not in FINISHED],
        finished=[visit for visit in visits if visit.item.appointment_status in FINISHED],
        free=[item for item in items if calendar_grid.kind_of(item) == "free" and item.starts_at > clock.now()],
        clock_changes=calendar_grid.clock_changes(clock.today(), clock.today()),
    )


def _visit(item: AgendaItem) -> Visit:
    acts = acts_for(item.appointment_status or "", starts_at=item.starts_at, ends_at=item.ends_at)
    return Visit(item, acts, is_now=item.starts_at <= clock.now() < item.ends_at)
