"""FINDING A DOCTOR: the public search, each doctor's page, and the slot picker. It owns no tables and no rules."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages."""
    from hms.directory import views

    app.register_blueprint(views.bp)
