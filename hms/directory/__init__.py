"""FINDING A DOCTOR AND A TIME: the public search, each doctor's page, the slot picker, and another time for what is
booked. It owns no tables and no rules.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages and the way to them."""
    from hms import areas
    from hms.directory import gate
    from hms.directory.views import booking_for, changing, public
    from hms.web import panels

    app.register_blueprint(public.bp)
    app.register_blueprint(changing.patients)
    app.register_blueprint(changing.doctors)
    app.register_blueprint(changing.reception)
    app.register_blueprint(booking_for.bp)
    panels.register(app, "gate", gate.picked)
    areas.home(app, "public", "directory.landing")
    also = ["directory.doctor", "patient.book"]
    areas.menu(app, "public", "Find a doctor", "directory.doctors", icon="search", order=20, also=also)
