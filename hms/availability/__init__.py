"""WHAT IS OFFERED: the slots that doctors open, and the schedules, time off, closures and rules that shape them.

Owns schedules, time off, closures, booking rules and slots. Promises that the slots become what schedules plan, that no
two slots of a doctor overlap, and that nothing booked is ever touched. It knows appointments only through what
``visits.provider()`` says of them. Serves the doctor's pages about their hours and slots, and the staff's about
closures and rules.
"""

from flask import Flask

EXTEND_SECONDS = 15 * 60
"""Soon after midnight on the clinic's wall the horizon reaches a day further; at other times there is nothing to do."""

EXPIRE_SECONDS = 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Register the pages, the commands and the jobs."""
    from hms import worker
    from hms.availability import cli, services
    from hms.availability.views import doctor, menus, staff

    app.register_blueprint(doctor.bp)
    app.register_blueprint(staff.bp)
    menus.init_app(app)
    app.cli.add_command(cli.slots)
    app.cli.add_command(cli.closures)
    app.cli.add_command(cli.policies)
    worker.heal("times that lapsed too early", services.undo_expired_to_come)
    worker.heal("plans that reach too far", services.undo_plans_to_come)
    worker.loop("plans", services.refresh_next)
    worker.every(EXTEND_SECONDS, "extend plans", services.extend_plans)
    worker.every(EXPIRE_SECONDS, "let times lapse", services.mark_expired)
