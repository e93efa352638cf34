"""WHEN: the times that doctors offer, and the appointments that patients make of them.

Owns slots, appointments and their history. Promises that exactly one of any number of patients gets a slot, that an
appointment is never deleted, and that a cancelled one frees its slot in the same transaction. Announces
``appointment_booked`` and ``appointment_cancelled`` (``signals``). Listens to nothing. Serves the public directory, and
the patient's and the doctor's area.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages and the commands."""
    from hms.scheduling import cli, emails
    from hms.scheduling.views import directory, doctor, patient

    app.register_blueprint(directory.bp)
    app.register_blueprint(patient.bp)
    app.register_blueprint(doctor.bp)
    app.cli.add_command(cli.slots)
    emails.init_app(app)
