"""The mailbox of a development machine: every mail that the local email function sends can be read in the browser.

``sink`` takes the mails in over SMTP, ``store`` keeps them as files, ``views`` shows them at ``/dev/mailbox``. Neither
exists in production.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Show the mailbox, where HMS runs for development, and a way to it at the place ``mail-sent``."""
    app.config["MAILBOX_DIR"] = app.config["DATA_DIR"] / "mailbox"
    if app.config["MODE"] != "development":
        return
    from hms.devtools.mailbox import views
    from hms.web import panels

    app.register_blueprint(views.bp)
    panels.register(app, "mail-sent", views.where_to_look)
