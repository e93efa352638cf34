"""The blueprint of the doctor's own area, with the guard at its door."""

from flask import Blueprint

from hms.auth.guards import guard

bp = Blueprint("doctor", __name__, url_prefix="/doctor")
guard(bp, "doctor")
