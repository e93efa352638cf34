"""The way into an online visit, where Google has made a Meet for it."""

from flask import current_app, render_template

from hms import clock
from hms.availability.models import Mode
from hms.calendar import queries
from hms.calendar.views.files import WORTH_ADDING
from hms.scheduling.models import Appointment


def join(appointment: Appointment) -> str:
    """The panel with the link to the Meet; nothing beside a visit that is not online, not to come, or has none."""
    is_to_come = appointment.status in WORTH_ADDING and appointment.ends_at > clock.now()
    if not current_app.config["GOOGLE_MEET"] or appointment.mode != Mode.ONLINE or not is_to_come:
        return ""
    address = queries.find_meet_url(appointment)
    return render_template("calendar/_meet.html", address=address) if address else ""
