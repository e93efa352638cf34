"""Booked times that lie outside the doctor's hours, or in time off: they stay until the doctor decides about each."""

from collections.abc import Sequence
from typing import NamedTuple

from flask.typing import ResponseReturnValue

from hms.auth.guards import current_doctor
from hms.availability import queries, visits
from hms.availability.services import Preview
from hms.availability.views.doctor.blueprint import bp
from hms.availability.visits import ON_A_PAGE, BookedTime, Visit
from hms.web import paging, render


class OutOfHours(NamedTuple):
    """How many booked times a change makes not fit, the first of them, and how many do not fit without it."""

    number: int
    new: Sequence[Visit]
    already: int


@bp.get("/hours/unfit", endpoint="unfit")
def out_of_hours() -> ResponseReturnValue:
    """The booked times that do not fit now."""
    found = paging.page_of(queries.list_out_of_hours(current_doctor), paging.parse_page(), size=ON_A_PAGE)
    return render("doctor/unfit.html", found=found, appointments=_load(found.items))


def out_of_hours_by(preview: Preview) -> OutOfHours:
    """What a change of hours does to booked times."""
    before = {each.id for each in queries.list_out_of_hours(current_doctor)}
    new = [each for each in preview.no_longer_fit if each.id not in before]
    return OutOfHours(len(new), _load(new[:ON_A_PAGE]), len(before))


def _load(booked: Sequence[BookedTime]) -> Sequence[Visit]:
    return visits.provider().load([each.id for each in booked])
