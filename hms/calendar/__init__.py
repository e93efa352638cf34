"""ELSEWHERE: appointments in the calendars that people keep outside of HMS.

Owns nothing: a calendar file is made from the appointment whenever it is asked for. Promises that a file says nothing
of anybody's health: neither the reason of the visit nor the kind of doctor. Gives the mails of scheduling their
invitation, and hangs "Add to calendar" at the place ``appointment`` of the pages. Announces and listens to nothing.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages, the panel and the invitation."""
    from hms.calendar import ics, views
    from hms.scheduling import emails
    from hms.web import panels

    app.register_blueprint(views.bp)
    panels.hang(app, "appointment", views.add_to_calendar)
    emails.invite_with(app, ics.invitation)
