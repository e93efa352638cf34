"""The blueprint of the calendar pages, and who may reach them."""

from flask import Blueprint

from hms.auth.guards import guard

bp = Blueprint("calendar", __name__)
guard(
    bp,
    "has-appointments",
    patient_appointment="patient",
    doctor_appointment="doctor",
    callback="public",  # it comes from Google, and sends who is not signed in to sign in without its address
    feed="public",
)
