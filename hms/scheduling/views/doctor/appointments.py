"""The doctor's appointments: the lists, and one of them with its patient and its history."""

from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.errors import Refusal
from hms.scheduling import appointment_rules, presenters, queries
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus
from hms.scheduling.queries.appointments import PAGE
from hms.scheduling.views.doctor.acts import MARKED, acts_for
from hms.scheduling.views.doctor.blueprint import bp
from hms.web import formats, paging, query_params, render

S = AppointmentStatus
LONGEST_SEARCH = 60
HISTORY = {
    S.PENDING: ("Asked for", "hourglass"),
    S.BOOKED: ("Booked", "calendar-check"),
    S.ARRIVED: ("Marked as arrived", "user-check"),
    S.FULFILLED: ("Marked as completed", "check-check"),
    S.NOSHOW: ("Marked as not attended", "user-x"),
    S.CANCELLED: ("Cancelled", "calendar-x"),
}


@bp.get("/appointments")
def appointments() -> ResponseReturnValue:
    """Appointments to come, soonest first; with ``past=1`` those past or cancelled, latest first; of patients called
    ``q``, if that is given."""
    is_past, words = query_params.word("past") == "1", query_params.text("q", longest=LONGEST_SEARCH)
    totals = _count(words)
    number = paging.clamped(paging.parse_page(), total=totals[is_past], size=PAGE)
    found = _list(words, past=is_past, page=number)
    return render(
        "doctor/appointments.html",
        found=paging.Page(found, number, totals[is_past], PAGE),
        days=_by_day(found),
        is_past=is_past,
        totals=totals,
        q=words,
    )


def _count(words: str) -> tuple[int, int]:
    if words:
        return queries.count_matching(words, doctor=current_doctor)
    return queries.count_appointments(doctor=current_doctor)


def _list(words: str, *, past: bool, page: int) -> list[Appointment]:
    if words:
        return queries.list_matching(words, doctor=current_doctor, past=past, page=page)
    return queries.list_appointments(doctor=current_doctor, past=past, page=page)


def _by_day(found: list[Appointment]) -> list[tuple[date, list[tuple[Appointment, int | None]]]]:
    """The appointments under their days, in the order in which they are, each with the patient's age."""
    days = groupby(found, key=lambda one: clock.to_clinic(one.starts_at).date())
    return [(day, [(one, _age(one, on=day)) for one in visits]) for day, visits in days]


def _age(one: Appointment, *, on: date) -> int | None:
    born_on = one.patient.date_of_birth
    return clock.age_in_years(born_on, on=on) if born_on else None


@bp.get("/appointments/<uuid:appointment_id>")
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    """One appointment: the patient, the visit, what can be done now, and what was done so far."""
    return appointment_page(appointment_id)


def appointment_page(appointment_id: UUID, *, refusal: Refusal | None = None) -> ResponseReturnValue:
    """The page of an appointment as it is now, with the refusal of what was tried, if any."""
    appointment = queries.get_appointment(appointment_id, doctor=current_doctor)
    born_on = appointment.patient.date_of_birth
    return render(
        "doctor/appointment.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        is_marked=refusal is None and is_marked(appointment_id, status=appointment.status),
        appointment=appointment,
        age=clock.age_in_years(born_on, on=clock.today()) if born_on else None,
        acts=acts_for(appointment.status, starts_at=appointment.starts_at, ends_at=appointment.ends_at),
        can_change=appointment_rules.why_not_move(appointment) is None,
        history=[_line(change) for change in appointment.changes],
    )


def is_marked(appointment_id: UUID, *, status: str | None) -> bool:
    """Whether this visit was just marked, or its mark taken back, so that the page says so."""
    return query_params.word("marked") == str(appointment_id) and status in (S.BOOKED, *MARKED)


def _line(change: AppointmentChange) -> dict[str, Any]:
    if change.moved_from_at and change.moved_to_at:
        text, icon = presenters.moved_text(change.moved_from_at, change.moved_to_at), "calendar-sync"
    else:
        text, icon = ("Mark undone", "undo-2") if _is_step_back(change) else HISTORY[S(change.to_status)]
    return {
        "text": text,
        "icon": icon,
        "when": formats.moment(change.changed_at),
        "iso": change.changed_at.isoformat(),
        "who": change.actor.full_name if change.actor else "the clinic",
        "reason": change.note,
    }


def _is_step_back(change: AppointmentChange) -> bool:
    if change.to_status == S.BOOKED:
        return change.from_status in MARKED
    return change.to_status == S.ARRIVED and change.from_status in (S.FULFILLED, S.NOSHOW)
