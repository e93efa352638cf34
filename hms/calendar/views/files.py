"""Calendar files to download, and the menu that offers them."""

from uuid import UUID

from flask import Response, render_template, url_for
from flask_login import current_user

from hms import clock
from hms.auth.guards import current_doctor, current_patient
from hms.calendar import ics
from hms.calendar.views.blueprint import bp
from hms.scheduling import queries
from hms.scheduling.models import Appointment, AppointmentStatus

WORTH_ADDING = frozenset({AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})


@bp.get("/patient/appointments/<uuid:appointment_id>.ics", access="patient")
def patient_appointment(appointment_id: UUID) -> Response:
    """One of the patient's appointments as a calendar file."""
    appointment = queries.get_appointment(appointment_id, patient=current_patient)
    return _download(appointment, ics.for_patient(appointment))


@bp.get("/doctor/appointments/<uuid:appointment_id>.ics", access="doctor")
def doctor_appointment(appointment_id: UUID) -> Response:
    """One of the doctor's appointments as a calendar file."""
    appointment = queries.get_appointment(appointment_id, doctor=current_doctor)
    return _download(appointment, ics.for_doctor(appointment))


def _download(appointment: Appointment, content: bytes) -> Response:
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{ics.filename(appointment)}"'
    return response


def add_to_calendar(appointment: Appointment) -> str:
    """The menu "Add to calendar" beside an appointment to come; nothing beside any other."""
    if appointment.status not in WORTH_ADDING or appointment.ends_at <= clock.now():
        return ""
    endpoint = "calendar.doctor_appointment" if current_user.doctor else "calendar.patient_appointment"
    return render_template(
        "calendar/_add.html",
        file=url_for(endpoint, appointment_id=appointment.id),
        google=ics.google_link(appointment, to=current_user),
    )
