"""FINDING A DOCTOR: the public search, each doctor's page, and the slot picker. It owns no tables and no rules."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages and the way to them."""
    from hms import areas
    from hms.directory import views

    app.register_blueprint(views.bp)
    areas.home(app, "public", "directory.landing")
    also = ["directory.doctor", "patient.book"]
    areas.menu(app, "public", "Find a doctor", "directory.doctors", icon="search", order=20, also=also)
