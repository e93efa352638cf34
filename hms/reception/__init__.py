"""THE DESK: reception finds a patient and books, moves, cancels and receives on their behalf.

A face over auth and scheduling; it owns no tables and no rules. Who did it for whom is in the appointment's history.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages and the way to them."""
    from hms import areas
    from hms.reception import views

    app.register_blueprint(views.bp)
    areas.home(app, "reception", "reception.desk")
    also = [f"reception.{view}" for view in ("patient", "appointment", "cancel", "change", "changed", "book")]
    areas.menu(app, "staff", "Reception", "reception.desk", icon="users", order=15, also=also)
