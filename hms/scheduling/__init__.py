"""WHEN: the times that doctors offer, and the appointments that patients make of them.

Owns schedules, time off, closures and booking policies; slots, appointments and their history. Promises that exactly
one of any number of patients gets a slot, that an appointment is never deleted, that a cancelled one frees its slot in
the same transaction, and that the slots become what schedules plan, while nothing booked is ever touched. Announces
``appointment_booked`` and ``appointment_cancelled`` (``signals``). Listens to nothing. Serves the public directory, and
the areas of patients, doctors and staff.
"""

from flask import Flask

EXTEND_SECONDS = 15 * 60
"""Soon after midnight on the clinic's wall the horizon reaches a day further; at other times there is nothing to do."""

LAPSE_SECONDS = 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Register the pages and the commands."""
    from hms import worker
    from hms.auth import obligations
    from hms.scheduling import cli, emails, services, visits
    from hms.scheduling.queries.visits import Visits
    from hms.scheduling.views import directory, doctor, patient, staff

    app.register_blueprint(directory.bp)
    app.register_blueprint(patient.bp)
    app.register_blueprint(doctor.bp)
    app.register_blueprint(staff.bp)
    app.cli.add_command(cli.slots)
    app.cli.add_command(cli.closures)
    app.cli.add_command(cli.policies)
    emails.init_app(app)
    visits.tell_with(app, Visits())
    obligations.ask(app, services.VisitsToCome())
    worker.heal("times that lapsed too early", services.undo_lapses_to_come)
    worker.heal("plans that reach too far", services.undo_plans_to_come)
    worker.loop("plans", services.refresh_next)
    worker.every(EXTEND_SECONDS, "extend plans", services.extend_plans)
    worker.every(LAPSE_SECONDS, "let times lapse", services.let_lapse)
    worker.every(LAPSE_SECONDS, "forget refused bookings", services.forget_refusals)
