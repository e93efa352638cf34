"""What a doctor can do with a visit at this moment, and from when on the rest. The services decide; this foretells."""

from datetime import datetime
from typing import NamedTuple

from hms import clock
from hms.scheduling.models import ALLOWED_MOVES, AppointmentStatus
from hms.web import formats

S = AppointmentStatus
MARKED = (S.ARRIVED, S.FULFILLED, S.NOSHOW)


class Acts(NamedTuple):
    """The buttons that a page shows for a visit; ``why`` says when one that is missing will come, ``mark`` what an undo
    takes back."""

    arrive: bool
    complete: bool
    no_show: bool
    undo: bool
    cancel: bool
    why: str = ""
    mark: str = ""


def acts_for(status: str, *, starts_at: datetime, ends_at: datetime) -> Acts:
    """The acts that fit a visit in this status, at this time."""
    has_started = starts_at <= clock.now()
    its_day_came = clock.to_clinic(starts_at).date() <= clock.today()
    return Acts(
        arrive=status == S.BOOKED and its_day_came,
        complete=status == S.ARRIVED or (status == S.BOOKED and has_started),
        no_show=status == S.BOOKED and has_started,
        undo=status in MARKED,
        cancel=S.CANCELLED in ALLOWED_MOVES[S(status)] and clock.now() < ends_at,
        mark=status,
        why=_why_not_yet(starts_at, its_day_came=its_day_came) if status == S.BOOKED and not has_started else "",
    )


def _why_not_yet(starts_at: datetime, *, its_day_came: bool) -> str:
    if not its_day_came:
        return f"You can mark this visit on {formats.plain_day(starts_at)}."
    return f"You can mark it as completed or not attended from {formats.time(starts_at)}."
