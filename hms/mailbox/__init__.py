"""The mailbox of a development machine: every mail that the local email function sends can be read in the browser.

``sink`` takes the mails in over SMTP, ``store`` keeps them as files, ``views`` shows them at ``/dev/mailbox``. Neither
exists in production.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Show the mailbox, where HMS runs for development."""
    app.config["MAILBOX_DIR"] = app.config["DATA_DIR"] / "mailbox"
    if app.config["MODE"] != "development":
        return
    from hms.mailbox import views

    app.register_blueprint(views.bp)
