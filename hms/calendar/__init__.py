"""ELSEWHERE: appointments in the calendars that people keep outside of HMS.

Owns the tables ``calendar_connections``, ``calendar_events`` and ``calendar_feeds``.

Promises
- What stands elsewhere is a mirror: nothing that Google says, or that somebody does there, changes an appointment.
- Files, feeds and events say nothing of anybody's health: neither the reason of the visit nor the kind of doctor.
- A connection is its owner's: it is made by the person who asked for it, in the browser that asked, once. What Google
  entrusts to us is stored sealed (``hms.vault``), and shown to nobody.
- A connection that Google ends is marked once, with one mail; one that its owner ends is taken back at Google.

Announces ``calendar_connected`` and ``calendar_disconnected`` (``signals``). Listens to the news of scheduling, and
to ``hms.auth.signals.access_ended``, which ends feeds and connections. Gives
the mails of scheduling their invitation, and registers panels at the places ``appointment``, ``home`` and ``calendar``.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages, the panels, the invitation, what is told to Google, and ``flask keys``."""
    from hms import areas
    from hms.calendar import cli, ics, views
    from hms.calendar.services import busy_times, connections, feeds, mirroring
    from hms.scheduling import emails
    from hms.web import panels

    app.register_blueprint(views.bp)
    areas.menu(app, "account", "Calendar sync", "calendar.status", icon="calendar-sync", order=20)
    panels.register(app, "appointment", views.meet.join)
    panels.register(app, "appointment", views.files.add_to_calendar)
    emails.invite_with(app, ics.invitation)
    panels.register(app, "home", views.connecting.stopped)
    panels.register(app, "calendar", views.feed.private_feed)
    connections.init_app(app)
    feeds.init_app()
    app.cli.add_command(cli.group)
    mirroring.init_app(app)
    busy_times.init_app()
