"""The doctor's day: who comes next, who is still to be seen, what is free."""

from typing import NamedTuple

from flask import url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import queries as offered
from hms.scheduling import calendar_grid, queries
from hms.scheduling.models import AppointmentStatus
from hms.scheduling.queries import AgendaItem
from hms.scheduling.views.doctor.acts import Acts, acts_for
from hms.scheduling.views.doctor.appointments import is_marked
from hms.scheduling.views.doctor.blueprint import bp
from hms.web import render

FINISHED = (AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW)


class Step(NamedTuple):
    """Something a new doctor has to do before patients can book; ``href`` is None for what others do."""

    text: str
    hint: str
    href: str | None
    state: str
    is_done: bool


class Visit(NamedTuple):
    """One patient of the day; ``is_now`` while the visit's time runs, ``is_marked`` right after a mark."""

    item: AgendaItem
    acts: Acts
    is_now: bool
    is_marked: bool

    @property
    def is_finished(self) -> bool:
        """Whether it belongs to those that are over; what was just marked stays where it was."""
        return self.item.appointment_status in FINISHED and not self.is_marked


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
        waiting=[visit for visit in visits if not visit.is_finished],
        finished=[visit for visit in visits if visit.is_finished],
        steps=_first_steps() if not items else [],
        free=[item for item in items if calendar_grid.kind_of(item) == "free" and item.starts_at > clock.now()],
        clock_changes=calendar_grid.clock_changes(clock.today(), clock.today()),
    )


def _visit(item: AgendaItem) -> Visit:
    return Visit(
        item,
        acts_for(item.appointment_status or "", starts_at=item.starts_at, ends_at=item.ends_at),
        is_now=item.starts_at <= clock.now() < item.ends_at,
        is_marked=item.appointment_id is not None and is_marked(item.appointment_id, status=item.appointment_status),
    )


def _first_steps() -> list[Step]:
    """What is to be done before patients can book, done or not; nothing once all of it is."""
    has_hours, has_profile = offered.offers_anything(current_doctor), current_doctor.photo_version is not None
    steps = [
        _step("Set your weekly hours", "Patients book the slots made from them.", "doctor.hours", has_hours),
        _step("Add your photo and check your profile", "Patients see this first.", "doctor_profile.edit", has_profile),
        Step(
            "Licence check",
            "We’ll email you when it’s approved. Patients can find you from then.",
            None,
            "Done" if current_doctor.is_approved else "Waiting",
            current_doctor.is_approved,
        ),
    ]
    return [] if all(step.is_done for step in steps) else steps


def _step(text: str, hint: str, endpoint: str, is_done: bool) -> Step:
    return Step(text, hint, url_for(endpoint), "Done" if is_done else "To do", is_done)
