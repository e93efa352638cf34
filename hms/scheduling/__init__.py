"""WHAT IS BOOKED: appointments that patients make of the slots on offer, from booking to the visit.

Owns appointments and their history. Promises that exactly one of any number of patients gets a slot, that an
appointment is never deleted, and that a cancelled one frees its slot in the same transaction. Announces
``appointment_booked`` and ``appointment_cancelled`` (``signals``). Listens to nothing. Serves the areas of patients,
doctors and staff.
"""

from flask import Flask

FORGET_SECONDS = 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Register the pages and the jobs, and tell what is offered who is booked."""
    from hms import worker
    from hms.auth import obligations
    from hms.availability import visits
    from hms.scheduling import emails, requirements, services
    from hms.scheduling.queries.visits import Visits
    from hms.scheduling.services import noting
    from hms.scheduling.views import doctor, menus, patient, staff

    app.register_blueprint(patient.bp)
    app.register_blueprint(doctor.bp)
    app.register_blueprint(staff.bp)
    menus.init_app(app)
    emails.init_app(app)
    requirements.init_app(app)
    noting.init_app()
    visits.tell_with(app, Visits())
    obligations.ask(app, services.VisitsToCome())
    worker.every(FORGET_SECONDS, "forget refused bookings", services.forget_refusals)
