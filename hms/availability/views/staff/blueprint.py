"""The door of the staff's area. Who reads is staff; who changes what holds for everybody is an administrator."""

from flask import Blueprint

from hms.auth.guards import guard

bp = Blueprint("staff", __name__, url_prefix="/staff")
guard(
    bp,
    "staff",
    clinic_policy="admin",
    doctor_policy="admin",
    new_closure="admin",
    remove_closure="admin",
)
