"""WHO DID WHAT, for people: patients see who looked at their data, administrators everything, and get mail when
something looks wrong. A face over the audit log: it owns no tables.
"""

from flask import Flask

WATCH_SECONDS = 5 * 60


def init_app(app: Flask) -> None:
    """Register the pages and the ways to them, and the watch."""
    from hms import areas, worker
    from hms.activity import alerts, views

    app.register_blueprint(views.patients)
    app.register_blueprint(views.administrators)
    areas.menu(app, "account", "Who looked at my data", "activity.looked", icon="eye", order=40)
    areas.menu(app, "staff", "Activity", "activity_log.log", icon="history", order=80)
    alerts.init_app(app)
    worker.every(WATCH_SECONDS, "watch the audit log", alerts.watch)
