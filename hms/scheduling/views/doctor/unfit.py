"""Booked times that lie outside the doctor's hours, or in time off: they stay until the doctor decides about each."""

from typing import NamedTuple

from flask.typing import ResponseReturnValue

from hms.auth.guards import current_doctor
from hms.scheduling import queries
from hms.scheduling.models import Appointment
from hms.scheduling.services import Preview
from hms.scheduling.views.doctor.door import bp
from hms.web import render


class Unfit(NamedTuple):
    """The booked times that a change makes not fit, and how many do not fit without it."""

    new: list[Appointment]
    already: int


@bp.get("/hours/unfit")
def unfit() -> ResponseReturnValue:
    """The booked times that do not fit now."""
    return render("doctor/unfit.html", appointments=queries.list_unfit(current_doctor))


def unfit_by(preview: Preview) -> Unfit:
    """What a change of hours does to booked times."""
    before = {appointment.id for appointment in queries.list_unfit(current_doctor)}
    return Unfit([one for one in preview.no_longer_fit if one.id not in before], len(before))
